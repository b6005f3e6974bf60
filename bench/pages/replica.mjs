// A tab whose workers tell their memory: with a replica, or the one that fills the store and leads.
import { defineSchema, openStore } from "tablog";
import { createTable, insert, timed } from "./workload.mjs";

const schema = defineSchema({
  version: 1,
  migrations: [createTable],
  events: {
    "item.added": insert,
    "item.changed": "UPDATE item SET owner = :owner WHERE id = :id",
  },
});

const kFilled = 1000; // bytes of a row that makes up the store
const kBatch = 500;

/** @param {{ name: string, tab: string, replica: "memory" | "none" }} options `tab`: of its own. */
export async function open({ name, tab, replica }) {
  const search = `?tab=${tab}`;
  const channel = new BroadcastChannel(search);
  let told = 0;
  const began = performance.now();
  const store = await openStore({
    name,
    schema,
    replica,
    replicaMaxBytes: 2 ** 28,
    workerUrl: new URL(`/measured_worker.mjs${search}`, location.href),
    onProgress: () => void told++,
  });
  const openMs = performance.now() - began;
  /** @param {string} sql */
  const one = async (sql) => {
    const [row] = await store.query(sql, [], { consistency: "linearizable" });
    const [value] = Object.values(row ?? {});
    return Number(value ?? 0);
  };
  const added = (id, bytes) => {
    const body = `${id} ${"x".repeat(bytes)}`;
    return {
      type: /** @type {const} */ ("item.added"),
      args: { id, owner: `owner-${id % 97}`, body },
    };
  };
  const stateBytes = async () => {
    const { state } = /** @type {any} */ (await store.stats());
    return state.bytes;
  };
  return {
    joined: () => ({ openMs, progressTold: told }),
    stateBytes,
    /** Until the state has so many bytes. */
    fill: async (bytes) => {
      let id = await one("SELECT max(id) FROM item");
      while ((await stateBytes()) < bytes) {
        const events = Array.from({ length: kBatch }, () => added(++id, kFilled));
        await store.appendBatch(events, { durability: "relaxed" });
      }
    },
    /** So many entries, one by one: a small row is added, another changed. */
    goOn: async (entries) => {
      const last = await one("SELECT max(id) FROM item");
      const relaxed = /** @type {const} */ ({ durability: "relaxed" });
      const appends = Array.from({ length: entries }, (_, i) => {
        if (i % 2 === 0) return store.append("item.added", added(last + 1 + i, 100).args, relaxed);
        const changed = { id: 1 + ((i * 7919) % last), owner: `owner ${i}` };
        return store.append("item.changed", changed, relaxed);
      });
      await Promise.all(appends);
    },
    /** Awaited appends of small rows for so long, as many a second. */
    appendFor: async (ms, perSecond) => {
      let id = await one("SELECT max(id) FROM item");
      const times = [];
      const start = performance.now();
      while (performance.now() - start < ms) {
        const wait = start + (times.length * 1000) / perSecond - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        const { type, args } = added(++id, 100);
        times.push(...(await timed(1, () => store.append(type, args))));
      }
      return times;
    },
    /** Once this tab has all that the leader has: bytes that one of its workers has taken. */
    memory: async (worker) => {
      await one("SELECT count(*) FROM item");
      const answered = new Promise((resolve) => {
        channel.onmessage = ({ data }) => resolve(data.bytes);
      });
      channel.postMessage(`tablog ${worker}`);
      return answered;
    },
    exportDatabase: async () => (await store.exportDatabase()).size,
    close: () => store.close(),
  };
}
