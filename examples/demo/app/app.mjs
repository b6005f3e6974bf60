// Flight recorder: tablog's demo app. The page opens the store, draws what it sees of it, and records
// flights when it is told to, by a person or by ../main_job.mjs.

import { openStore } from "tablog";
import { connectControls } from "./controls.mjs";
import { Crew } from "./crew.mjs";
import { byId } from "./dom.mjs";
import { Recorder } from "./recorder.mjs";
import { schema } from "./schema.mjs";
import { Screen } from "./screen.mjs";
import { Watcher } from "./watcher.mjs";

/** @param {unknown} problem */
function complain(problem) {
  const { code = "Error", message = String(problem) } = /** @type {Record<string, string>} */ (
    Object(problem)
  );
  byId("problem").textContent = `${code}: ${message}`;
  byId("problem").hidden = false;
}

async function main() {
  const flights = await (await fetch("/data/flights-20k.json")).json();
  const store = await openStore({ name: "flights", schema });
  const crew = new Crew(store.status.clientId);
  const recorder = new Recorder(store, flights);
  const watcher = new Watcher(store, crew);
  const controls = connectControls(store, crew, complain);
  new Screen({ store, crew, watcher, total: flights.length, complain });

  /** @type {AbortController | undefined} */
  let recording;
  const pause = () => {
    recording?.abort();
    recording = undefined;
    controls.setRecording(false);
  };
  const record = async (/** @type {number} */ perSecond) => {
    pause();
    const mine = (recording = new AbortController());
    controls.setRecording(true);
    // A tab without a share waits until one is free, and steps in.
    const share = await crew.taken;
    if (!mine.signal.aborted) await recorder.record(share, { perSecond, signal: mine.signal });
    if (recording === mine) pause();
  };
  crew.addEventListener("pause", pause);
  crew.addEventListener("record", (event) => {
    record(/** @type {CustomEvent} */ (event).detail.perSecond).catch((problem) => {
      pause();
      complain(problem);
    });
  });

  return { store, crew, recorder };
}

const demo = main();
demo.catch(complain);
Object.assign(window, { demo });
