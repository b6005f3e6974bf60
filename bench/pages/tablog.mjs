// tablog, through its public API.
import { defineSchema, openStore } from "tablog";
import { createTable, insert, item, items, point, range, timed, wallClock } from "./workload.mjs";

const schema = defineSchema({
  version: 1,
  migrations: [createTable],
  events: { "item.added": insert },
});

const lastTen = "SELECT * FROM item ORDER BY id DESC LIMIT 10";

function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(undefined);
  });
}

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
  let watched = { told: 0, first: 0 };
  const append = () => store.append("item.added", item(next++));
  /** Other tabs append too: numbers go on from the last row. */
  const fresh =
    (measure) =>
    async (...parameters) => {
      next = (await last()) + 1;
      return measure(...parameters);
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
    /** So many watches: nine of ten of a row that stays as it is, the tenth of the last ten rows. */
    watch: async (count) => {
      watched = { told: 0, first: 0 };
      const each = [];
      for (let i = 0; i < count; i++) {
        const [sql, params] = i % 10 === 0 ? [lastTen, {}] : [point, { id: 1 + (i % rows) }];
        each.push(
          new Promise((resolve) =>
            store.watch(sql, params).subscribe(() => {
              watched.told++;
              resolve(undefined);
            }),
          ),
        );
      }
      await Promise.all(each);
      watched.first = watched.told;
    },
    /** For so long: how late this page's tasks are, and its queries' times; and what its watches were told. */
    attend: async (ms) => {
      const late = [];
      const queries = [];
      const until = performance.now() + ms;
      const ticks = (async () => {
        while (performance.now() < until) {
          const began = performance.now();
          await nextTask();
          late.push(performance.now() - began);
        }
      })();
      while (performance.now() < until) {
        queries.push(...(await timed(1, () => store.query(point, { id: 1 }))));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await ticks;
      return { late, queries, told: watched.told - watched.first };
    },
    /** Awaited appends, so many a second. */
    appendSteadily: fresh(async (perSecond, ms) => {
      const times = [];
      const began = performance.now();
      for (let i = 0; i < (perSecond * ms) / 1000; i++) {
        const wait = began + (i * 1000) / perSecond - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        times.push(...(await timed(1, append)));
      }
      return times;
    }),
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
