// What is done with the store as a whole: verified, checkpointed, exported, handed over.

import { useRef, useState } from "preact/hooks";
import { bytes, count, visible } from "./format.js";
import { useStatus, useTask } from "./hooks.js";
import { Section, TabId, TaskNote } from "./parts.js";
import type { Source } from "./sources.js";
import { stepDown } from "./step_down.js";

export function MaintenancePanel({ source }: { source: Source }) {
  return (
    <div class="maintenance">
      <Verify source={source} />
      <Exports source={source} />
      {source.kind === "file" ? null : <Checkpoint source={source} />}
      {source.kind === "file" ? null : <StepDown source={source} />}
    </div>
  );
}

function Verify({ source: { store } }: { source: Source }) {
  const { task, run, cancel } = useTask<Awaited<ReturnType<typeof store.verify>>>();
  const verify = (): void =>
    run(({ signal, progress }) => {
      progress("replaying");
      const onProgress = ({ done, total }: { done: number; total: number }): void =>
        progress(`replaying ${count(done)} of ${count(total)}`, total === 0 ? 1 : done / total);
      return store.verify({ signal, onProgress });
    });
  return (
    <Section title="Verify">
      <p>
        Reads the whole log, which the leader checks frame by frame, and replays it. Rows of virtual
        tables, and the tables that they keep them in, have no digest.
      </p>
      <button type="button" class="main" onClick={verify} disabled={task.state === "running"}>
        Verify the log
      </button>
      <TaskNote task={task} cancel={cancel} />
      {task.state === "done" ? (
        <div class="scrolls" role="region" aria-label="Digests" tabIndex={0}>
          <p class="note sound" role="status">
            Sound through entry {count(task.value.index)}.
          </p>
          <table class="data">
            <thead>
              <tr>
                <th scope="col">Table</th>
                <th scope="col">Digest</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(task.value.tables).map(([table, digest]) => (
                <tr key={table}>
                  <th scope="row">{visible(table)}</th>
                  <td>
                    <code>{digest}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </Section>
  );
}

function Exports({ source: { store, title } }: { source: Source }) {
  const { task, run, cancel } = useTask<string>();
  const save = (what: "log" | "database"): void =>
    run(async ({ progress, signal }) => {
      progress(`reading the ${what}`);
      const blob = await (what === "log" ? store.exportLog() : store.exportDatabase());
      signal.throwIfAborted();
      const name = `${title.replaceAll(/[^\w.-]+/g, "_")}.${what === "log" ? "tablog" : "sqlite3"}`;
      download(blob, name);
      return `${name}, ${bytes(blob.size)}`;
    });
  return (
    <Section title="Export">
      <p>
        The log, with its whole history, for the command line or another inspector; or the state as
        a SQLite file.
      </p>
      <div class="line">
        <button type="button" onClick={() => save("log")} disabled={task.state === "running"}>
          Export the log
        </button>
        <button type="button" onClick={() => save("database")} disabled={task.state === "running"}>
          Export the database
        </button>
      </div>
      <TaskNote task={task} cancel={cancel} />
      {task.state === "done" ? (
        <p class="note sound" role="status">
          Saved as {task.value}.
        </p>
      ) : null}
    </Section>
  );
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser reads it when it likes
}

function Checkpoint({ source: { store } }: { source: Source }) {
  const { task, run, cancel } = useTask<number>();
  return (
    <Section title="Checkpoint">
      <p>
        Flushes the state's database. Appends are durable without it; a leader does it by itself.
      </p>
      <button
        type="button"
        onClick={() => run(() => store.checkpoint())}
        disabled={task.state === "running"}
      >
        Checkpoint now
      </button>
      <TaskNote task={task} cancel={cancel} />
      {task.state === "done" ? (
        <p class="note sound" role="status">
          Flushed at entry {count(task.value)}.
        </p>
      ) : null}
    </Section>
  );
}

const kHandOverPatienceMs = 15_000;

function StepDown({ source: { store } }: { source: Source }) {
  const { leaderId } = useStatus(store);
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState<string | null>(null); // who leads as it is asked
  const { task, run, cancel } = useTask<string | null>();
  const idle = task.state !== "running" && leaderId !== null;
  const ask = (): void => {
    setAsked(leaderId);
    dialog.current?.showModal();
  };
  const go = (): void => {
    dialog.current?.close();
    run(async ({ signal, progress }) => {
      progress("handing over");
      const { term } = store.status;
      await stepDown(store.name);
      const heard = AbortSignal.any([signal, AbortSignal.timeout(kHandOverPatienceMs)]);
      await new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (store.status.term > term) resolve();
        };
        store.addEventListener("leaderchange", look);
        heard.addEventListener("abort", () => {
          store.removeEventListener("leaderchange", look);
          reject(heard.reason);
        });
        look();
      });
      return store.status.leaderId;
    });
  };
  return (
    <Section title="Hand over">
      <p>
        {leaderId === null ? "Nobody leads." : <TabId id={leaderId} />}{" "}
        {leaderId === null ? "" : "leads."} The next tab in the queue takes its place.
      </p>
      <button
        type="button"
        class="danger"
        onClick={idle ? ask : undefined}
        aria-disabled={!idle} // not disabled: the focus comes back to it as the dialog is closed
      >
        Step down…
      </button>
      <TaskNote task={task} cancel={cancel} />
      {task.state === "done" ? (
        <p class="note sound" role="status">
          {task.value === null ? (
            "A new term has begun."
          ) : (
            <>
              Now <TabId id={task.value} /> leads.
            </>
          )}
        </p>
      ) : null}
      <dialog ref={dialog} aria-labelledby="step-down-title">
        <h2 id="step-down-title">Make the leader step down?</h2>
        <p>
          {asked === null ? "The tab that leads" : <TabId id={asked} />} loses the lead and queues
          behind the other tabs. Appends wait for a moment; those that are in flight take effect
          once.
        </p>
        <div class="line end">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="button" class="danger" onClick={go}>
            Step down
          </button>
        </div>
      </dialog>
    </Section>
  );
}
