// What app.mjs leaves for main_job.mjs in each tab.
import type { Store } from "tablog";
import type { Crew } from "./app/crew.mjs";
import type { Recorder } from "./app/recorder.mjs";
import type { schema } from "./app/schema.mjs";

declare global {
  var demo: Promise<{
    readonly store: Store<typeof schema>;
    readonly crew: Crew;
    readonly recorder: Recorder;
  }>;
}
