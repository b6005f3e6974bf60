// tablog, through its public API.
import { defineSchema, openStore } from "tablog";
import { createTable, insert, item, items, point, range, timed, wallClock } from "./workload.mjs";

const schema = defineSchema({
  version: 1,
  migrations: [createTable],
  events: { "item.added": insert },
});

/** @param {{ name: string, rows?: number }} options `rows`: fills an empty store with so many. */
export async function open({ name, rows = 0 }) {
  const store = await openStore({ name, schema });
  const last = async () => {
    const [{ id }] = await store.query("SELECT max(id) AS id FROM item", [], {
      consistency: "linearizable",
    });
    return Number(id ?? 0);
  };
  const appendBatch = async (first, count) =>
    store.appendBatch(items(first, count).map((args) => ({ type: "item.added", args })));
  for (let filled = await last(); filled < rows; filled += 1000)
    await appendBatch(filled + 1, Math.min(1000, rows - filled));

  let next;
  let failedOver;
  const append = () => store.append("item.added", item(next++));
  /** Other tabs append too: numbers go on from the last row. */
  const fresh = (measure) => async (count) => {
    next = (await last()) + 1;
    return measure(count);
  };
  return {
    appendAwaited: fresh((times) => timed(times, append)),
    appendNotAwaited: fresh((count) =>
      timed(1, () => Promise.all(Array.from({ length: count }, append))),
    ),
    appendBatch: fresh((count) => timed(1, () => appendBatch(next, count))),
    pointQuery: (times) => timed(times, (i) => store.query(point, { id: 1 + ((i * 7919) % rows) })),
    rangeQuery: (times, count) =>
      timed(times, (i) => store.query(range, { from: 1 + ((i * 7919) % (rows - count)), count })),
    status: () => store.status,
    /** From here on one append after the other, until one is acknowledged in a later term. */
    beginFailover: fresh(async () => {
      const { term } = await append();
      failedOver = (async () => {
        while ((await append()).term <= term);
        return wallClock();
      })();
    }),
    /** When that was. */
    failedOver: () => failedOver,
  };
}
