// What a tab of the soak does: it opens the store, appends and queries at a bounded rate until it is told to
// stop, and tells of every acknowledged append at once, since its renderer may be killed at any time.
import { defineSchema, openStore } from "tablog";
import { randomOf } from "./random.mjs";

const kName = "soak";
/** Rows that the database has at most: the log grows without end, the state must not. */
const kKeys = 10_000;
const kPauseMs = 250; // between two acts of a tab, on average
const kTellMs = 100;

const schema = defineSchema({
  version: 1,
  migrations: [
    "CREATE TABLE item(id INTEGER PRIMARY KEY, body TEXT NOT NULL, raised INTEGER NOT NULL DEFAULT 0)",
  ],
  events: {
    "item.put": `INSERT INTO item(id, body) VALUES (:id, :writer || ' ' || :number || ' ' || :body)
      ON CONFLICT(id) DO UPDATE SET body = excluded.body`,
    "item.raised": `UPDATE item SET raised = raised + 1, body = :writer || ' ' || :number WHERE id = :id`,
    "item.removed": `DELETE FROM item WHERE id = :id AND length(:writer) + :number > 0`,
  },
});

const words = "what a user may have typed into a field of a form, about so long and no longer ";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The store that is open, or is being opened. @type {Promise<import("tablog").Store<any>>} */
let opening = new Promise(() => {});
/** @type {Promise<void> | undefined} */
let working;
let stopped = false;

/** [index, number] of the appends whose acknowledgement nobody has been told of yet. */
let acknowledged = [];
let number = 0;
/** How often a call has failed with which code. */
const failures = {};

function failed(error) {
  const code = error?.code ?? String(error);
  failures[code] = (failures[code] ?? 0) + 1;
}

const leads = async () => (await opening).status.role === "leader";

globalThis.soak = { open, work, stop, close, fill, leads, sample, logFrom, failed: () => failures };

async function open() {
  opening = openStore({ name: kName, schema });
  const store = await opening;
  store.addEventListener("error", ({ error }) => failed(error));
}

/** Appends and queries until `stop`. */
function work(writer, seed) {
  const random = randomOf(seed);
  stopped = false;
  const tell = async () => {
    const told = acknowledged;
    acknowledged = [];
    if (told.length > 0) await globalThis.tellAcknowledged(writer, told);
  };
  const telling = setInterval(tell, kTellMs);
  const workOn = async () => {
    while (!stopped) {
      await act(writer, random).catch(failed);
      await sleep(-Math.log(1 - random()) * kPauseMs);
    }
    clearInterval(telling);
    await tell();
  };
  working = workOn();
}

async function act(writer, random) {
  const store = await opening;
  const chance = random();
  if (chance < 0.25) return query(store, random);
  if (chance < 0.33) {
    const events = Array.from({ length: 20 }, () => event(writer, random));
    const places = await store.appendBatch(events);
    places.forEach(({ index }, i) => acknowledged.push([index, events[i].args.number]));
  } else {
    const { type, args } = event(writer, random);
    const durability = random() < 0.2 ? "relaxed" : "full";
    const { index } = await store.append(type, args, { durability });
    acknowledged.push([index, args.number]);
  }
}

function event(writer, random) {
  const args = { id: Math.floor(random() * kKeys), writer, number: ++number };
  const chance = random();
  if (chance < 0.6) return { type: "item.put", args: { ...args, body: words } };
  return { type: chance < 0.9 ? "item.raised" : "item.removed", args };
}

async function query(store, random) {
  const consistency = ["local", "session", "linearizable"][Math.floor(random() * 3)];
  const from = Math.floor(random() * kKeys);
  await store.query("SELECT * FROM item WHERE id >= ? ORDER BY id LIMIT 100", [from], {
    consistency,
  });
}

/** Begins with every row there is, so that what grows later is not the database. */
async function fill() {
  const store = await opening;
  for (let first = 0; first < kKeys; first += 1000) {
    const events = Array.from({ length: 1000 }, (_, i) => ({
      type: "item.put",
      args: { id: first + i, writer: "fill", number: first + i, body: words },
    }));
    await store.appendBatch(events);
  }
}

/** Resolves when what was begun has ended and been told. */
async function stop() {
  stopped = true;
  await working;
}

/** Of the store only: the page stays. */
async function close() {
  await stop();
  await (await opening).close();
}

/** What only a page can see. */
async function sample() {
  const store = await opening;
  const [stats, tabs, opfs] = await Promise.all([store.stats(), store.tabs(), filesOfStore()]);
  const { term, head } = store.status;
  return { stats, tabs: tabs.length, opfs, term, head };
}

/** Everything below the package's directory, of all generations. */
async function filesOfStore() {
  const totals = { files: 0, bytes: 0, vanished: 0 };
  const walk = async (directory) => {
    for await (const entry of directory.values()) {
      if (entry.kind === "directory") await walk(entry);
      else {
        // An older generation may be deleted meanwhile.
        const file = await entry.getFile().catch(() => undefined);
        totals.files += 1;
        if (file === undefined) totals.vanished += 1;
        else totals.bytes += file.size;
      }
    }
  };
  const origin = await navigator.storage.getDirectory();
  await walk(await origin.getDirectoryHandle("tablog"));
  return totals;
}

/** So many events at most from an index on: [index, writer, number] each. */
async function logFrom(from, limit) {
  const store = await opening;
  const events = [];
  for await (const entry of store.read({ from, limit }))
    if (entry.kind === "event") events.push([entry.index, entry.args.writer, entry.args.number]);
  return events;
}
