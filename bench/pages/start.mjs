// How long a store takes from the call of openStore to its first append, by the length of its log.
import { defineSchema, openStore } from "tablog";
import { createTable, insert } from "./workload.mjs";

const schema = defineSchema({
  version: 1,
  migrations: [createTable],
  events: { "item.added": insert },
});

/** In the log an entry of about 200 bytes. @param {number} id */
const small = (id) => ({ id, owner: `owner-${id % 97}`, body: `${id} of many` });

const kBatch = 5000;

/** @param {{ name: string }} options */
export async function prepare({ name }) {
  const open = () => openStore({ name, schema, replica: "none" });
  return {
    /** Up to so many entries. Gives what the leader says of its files then. @param {number} entries */
    fill: async (entries) => {
      const store = await open();
      while (store.status.head < entries) {
        const { head } = store.status;
        const events = Array.from({ length: Math.min(kBatch, entries - head) }, (_, i) => ({
          type: /** @type {const} */ ("item.added"),
          args: small(head + i + 1),
        }));
        await store.appendBatch(events, { durability: "relaxed" });
      }
      await store.checkpoint();
      const { log, state } = /** @type {any} */ (await store.stats());
      await store.close();
      return { entries: log.head, logBytes: log.bytes, stateBytes: state.bytes };
    },
    /** ms to the open store, and to the first append. */
    start: async () => {
      const began = performance.now();
      const store = await open();
      const opened = performance.now() - began;
      const { index } = await store.append("item.added", small(1e9 + store.status.head));
      const appended = performance.now() - began;
      await store.close();
      return { opened, appended, index };
    },
  };
}
