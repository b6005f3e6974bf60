// One entry: all that it carries, and the rows that it has changed.

import { useEffect } from "preact/hooks";
import type { ColumnValue, LogEntry } from "tablog";
import { ChangedRows } from "./changed_rows.js";
import { compareStates, type Changes } from "./changes.js";
import { count, dateAndClock, term, visible } from "./format.js";
import { useTask, type Tell } from "./hooks.js";
import { Facts, TaskNote, Value } from "./parts.js";
import type { AnyStore } from "./sources.js";

/** Up to there the states before and after are made without being asked for. */
const kQuickIndexMax = 5000;
const kQuickDelayMs = 250;

export interface EntryDetailProps {
  readonly store: AnyStore;
  readonly index: number;
  readonly first: number;
  readonly entry: LogEntry | undefined;
  readonly onClose: () => void;
}

export function EntryDetail({ store, index, first, entry, onClose }: EntryDetailProps) {
  return (
    <aside class="detail" aria-label={`Entry ${index}`}>
      <header>
        <h2>
          Entry {count(index)}
          {entry?.kind === "event" ? <span class="kind event">{visible(entry.type)}</span> : null}
        </h2>
        <button type="button" class="close" aria-label="Close the entry" onClick={onClose}>
          ×
        </button>
      </header>
      <div class="scrolls" tabIndex={0} role="group" aria-label={`What entry ${index} carries`}>
        {entry === undefined ? (
          <p class="note">It is not among what is listed.</p>
        ) : (
          <Carried entry={entry} />
        )}
        {entry?.kind === "event" || entry?.kind === "exec" || entry?.kind === "schema" ? (
          <Changed key={index} store={store} entry={entry} first={first} />
        ) : null}
      </div>
    </aside>
  );
}

function Carried({ entry }: { entry: LogEntry }) {
  const request =
    entry.client === null
      ? []
      : ([
          ["Tab", <code>{entry.client}</code>],
          [
            "Request",
            `${count(entry.request)}${entry.count > 1 ? `, part ${entry.position + 1} of ${entry.count}` : ""}`,
          ],
        ] as const);
  return (
    <>
      <Facts
        of={[
          ["Kind", entry.kind],
          ["Time", dateAndClock(entry.time)],
          ["Term", term(entry.term)],
          ["Schema", entry.schemaVersion],
          ...request,
          ...factsOf(entry),
        ]}
      />
      {entry.kind === "exec" ? <pre class="sql">{visible(entry.sql)}</pre> : null}
      {entry.kind === "event" ? <Arguments title="Arguments" of={entry.args} /> : null}
      {entry.kind === "exec" ? <Arguments title="Parameters" of={entry.params} /> : null}
    </>
  );
}

function factsOf(entry: LogEntry): (readonly [string, preact.ComponentChildren])[] {
  switch (entry.kind) {
    case "exec":
      return [["Rows", `${count(entry.changes)} changed`]];
    case "term":
      return [["Leader", <code>{entry.leader}</code>]];
    case "schema":
      return [["Version", entry.version]];
    case "checkpoint":
      return [["Flushed at", count(entry.checkpoint)]];
    case "close":
      return [["Closed", <code>{entry.closed}</code>]];
    default:
      return [];
  }
}

function Arguments({ title, of }: { title: string; of: Readonly<Record<string, ColumnValue>> }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <table class="arguments">
      <caption>{title}</caption>
      <tbody>
        {entries.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{visible(name)}</th>
            <td>
              <Value value={value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Changed({ store, entry, first }: { store: AnyStore; entry: LogEntry; first: number }) {
  const { task, run, cancel } = useTask<Changes>();
  const { index } = entry;
  const reachable = index >= first; // what `at` of one less needs
  const compare = (): void => run((tell) => changesOf(store, index, tell));
  useEffect(() => {
    if (!reachable || index > kQuickIndexMax) return;
    const timer = setTimeout(compare, kQuickDelayMs);
    return () => clearTimeout(timer);
  }, [store, index]);
  return (
    <section class="changed" aria-label="Changed rows">
      <h3>Changed rows</h3>
      {entry.count > 1 ? (
        <p class="note">
          Of this part alone. The batch is atomic: no tab has ever seen the state between its parts.
        </p>
      ) : null}
      {index > kQuickIndexMax ? (
        <p class="note">
          <button type="button" onClick={compare}>
            Compare before and after
          </button>
          The log is replayed twice, from the nearest snapshots.
        </p>
      ) : null}
      <TaskNote task={task} cancel={cancel} />
      {task.state === "done" ? <ChangedRows changes={task.value} /> : null}
    </section>
  );
}

async function changesOf(
  store: AnyStore,
  index: number,
  { signal, progress }: Tell,
): Promise<Changes> {
  const shares = [0, 0];
  const stateAt = (at: number, which: number) =>
    store.at(at, {
      signal,
      onProgress: ({ done, total }) => {
        shares[which] = total === 0 ? 1 : done / total;
        progress("replaying", (shares[0]! + shares[1]!) / 2);
      },
    });
  const opened = await Promise.allSettled([stateAt(index - 1, 0), stateAt(index, 1)]);
  try {
    const [before, after] = opened.map((each) => {
      if (each.status === "rejected") throw each.reason;
      return each.value;
    });
    return await compareStates(before!, after!, { signal, onProgress: progress });
  } finally {
    for (const each of opened) if (each.status === "fulfilled") void each.value.close();
  }
}
