// What the browser tests have in each tab: the package as a static server gives it, a schema, and a
// writer whose appends can be checked afterwards.
import {
  TablogError,
  anySchema,
  defineSchema,
  deleteStore,
  listStores,
  openStore,
} from "/dist/index.js";

// `item` has no unique id on purpose: a doubled append shows.
const schema = defineSchema({
  version: 1,
  migrations: [
    `CREATE TABLE item(seq INTEGER PRIMARY KEY, id TEXT, tab TEXT, at INTEGER);
     CREATE TABLE parent(id INTEGER PRIMARY KEY);
     CREATE TABLE child(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
     CREATE TABLE unique_name(name TEXT UNIQUE CHECK (name <> ''));
     CREATE TABLE refusing(a);
     CREATE TABLE filler(body TEXT);
     CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER);
     CREATE TRIGGER refuse BEFORE INSERT ON refusing BEGIN SELECT RAISE(ROLLBACK, 'not today'); END`,
  ],
  events: {
    "item.added": `INSERT INTO item(id, tab, at) VALUES (:id, :tab, :$index)`,
    "item.valued": `INSERT INTO item(id, tab) VALUES (:value, typeof(:value))`,
    "name.taken": `INSERT INTO unique_name(name) VALUES (:name)`,
    "name.forced": `INSERT OR ROLLBACK INTO unique_name(name) VALUES (:name)`,
    "child.added": `INSERT INTO child(id, parent) VALUES (:id, :parent)`,
    "filler.added": `INSERT INTO filler(body) VALUES (:body)`,
    "account.set": `UPDATE account SET balance = :balance WHERE id = :id`,
    "all.refused": `INSERT INTO refusing VALUES (1)`,
  },
});

/** What the next version of the app has. */
const newerSchema = defineSchema({
  version: 2,
  migrations: [...schema.migrations, `ALTER TABLE item ADD COLUMN done INT DEFAULT 0`],
  events: { ...schema.events, "item.done": `UPDATE item SET done = 1 WHERE id = :id` },
});

/**
 * Opens a store as `globalThis.store`; fields that are left out take the tests' values. `newer`: with the next
 * version of the app's schema. `build`: with an older build of the package (tests/browser/older_build.ts).
 */
async function open({ newer = false, build, ...options }) {
  const opener = build === "older" ? (await import("/older/index.js")).openStore : openStore;
  globalThis.store = await opener({ schema: newer ? newerSchema : schema, ...options });
  return globalThis.store.status;
}

/** What became of `call`: its value, or the fields of its error, a TablogError of whichever build. */
async function attempt(call) {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof Error && typeof error.code === "string")) throw error;
    const { code, message, outcome, index } = error;
    return { code, message, outcome, index };
  }
}

/** The first index that the log can be read from: a compaction may have freed what is before it. */
async function firstIndex() {
  const { code, index } = await attempt(() => store.read({ limit: 1, control: true }).next());
  return code === "Compacted" ? index : 1;
}

const kSeen = `
  SELECT tab, count(*) AS count, sum(CAST(substr(id, length(tab) + 2) AS INTEGER)) AS sum, max(at) AS at
  FROM item GROUP BY tab`;
/** One read in so many is linearizable. */
const kLinearizableEvery = 3;

/**
 * Keeps `inFlight` appends and one read going until stop(). Tells the test (tests/browser/history.ts) of each before
 * it begins, and goes on when the test has heard: nothing that it does outruns who listens.
 */
class Writer {
  #issued = 0;
  #reads = 0;
  #stopped = false;
  #steps = []; // that the test may not have heard yet
  #first = 0; // number of the first of them
  #telling = false;
  #sends = 0;
  #waiting = []; // for the test to have heard of the steps up to their number
  #lanes;

  constructor(tab, inFlight) {
    this.tab = tab;
    this.store = globalThis.store;
    this.store.addEventListener("rollback", () => this.#tell({ kind: "rolledBack" }));
    // What was being told when the page went into the back/forward cache is never answered.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#send());
    this.#lanes = Array.from({ length: inFlight }, () => this.#append());
    this.#lanes.push(this.#read());
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  async #append() {
    while (!this.#stopped) {
      const id = `${this.tab}-${++this.#issued}`;
      await this.#tell({ kind: "issued", id });
      const outcome = await attempt(() => this.store.append("item.added", { id, tab: this.tab }));
      const told =
        outcome.code === undefined
          ? { kind: "acknowledged", id, index: outcome.value.index }
          : { kind: "refused", id, ...outcome };
      await this.#tell(told);
    }
  }

  async #read() {
    while (!this.#stopped) {
      const read = ++this.#reads;
      const consistency = read % kLinearizableEvery === 0 ? "linearizable" : "session";
      await this.#tell({ kind: "asked", read, consistency });
      const { value, ...failed } = await attempt(() =>
        this.store.query(kSeen, [], { consistency }),
      );
      await this.#tell(
        value ? { kind: "answered", read, seen: value } : { kind: "failed", read, ...failed },
      );
    }
  }

  /** Resolves when the test has heard of it. */
  #tell(step) {
    this.#steps.push(step);
    const number = this.#first + this.#steps.length;
    const heard = new Promise((resolve) => this.#waiting.push({ number, resolve }));
    if (!this.#telling) void this.#send();
    return heard;
  }

  // One message at a time: what happens meanwhile goes in the next.
  async #send() {
    const send = ++this.#sends;
    this.#telling = true;
    while (this.#steps.length > 0) {
      const [first, steps] = [this.#first, [...this.#steps]];
      await globalThis.tellHistory(this.tab, first, steps);
      if (send !== this.#sends) return; // another has told it again
      this.#steps.splice(0, steps.length);
      this.#first += steps.length;
      while (this.#waiting[0]?.number <= this.#first) this.#waiting.shift().resolve();
    }
    this.#telling = false;
  }
}

globalThis.tablog = { TablogError, anySchema, defineSchema, deleteStore, listStores, openStore };
globalThis.lab = {
  schema,
  open,
  attempt,
  firstIndex,
  write: (tab, inFlight) => void (globalThis.writer = new Writer(tab, inFlight)),
};
