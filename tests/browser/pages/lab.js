// What the browser tests have in each tab: the package as a static server gives it, a schema, and a
// writer whose appends can be checked afterwards.
import { TablogError, defineSchema, openStore } from "/dist/index.js";

// `item` has no unique id on purpose: a doubled append shows.
const schema = defineSchema({
  version: 1,
  migrations: [
    `CREATE TABLE item(seq INTEGER PRIMARY KEY, id TEXT, tab TEXT, at INTEGER);
     CREATE TABLE parent(id INTEGER PRIMARY KEY);
     CREATE TABLE child(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
     CREATE TABLE unique_name(name TEXT UNIQUE CHECK (name <> ''));
     CREATE TABLE refusing(a);
     CREATE TRIGGER refuse BEFORE INSERT ON refusing BEGIN SELECT RAISE(ROLLBACK, 'not today'); END`,
  ],
  events: {
    "item.added": `INSERT INTO item(id, tab, at) VALUES (:id, :tab, :$index)`,
    "item.valued": `INSERT INTO item(id, tab) VALUES (:value, typeof(:value))`,
    "name.taken": `INSERT INTO unique_name(name) VALUES (:name)`,
    "name.forced": `INSERT OR ROLLBACK INTO unique_name(name) VALUES (:name)`,
    "child.added": `INSERT INTO child(id, parent) VALUES (:id, :parent)`,
    "all.refused": `INSERT INTO refusing VALUES (1)`,
  },
});

/** Opens a store as `globalThis.store`; fields that are left out take the tests' values. */
async function open(options) {
  globalThis.store = await openStore({ schema, ...options });
  return globalThis.store.status;
}

/** What became of `call`: its value, or the fields of its error. */
async function attempt(call) {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof TablogError)) throw error;
    const { code, message, outcome, index } = error;
    return { code, message, outcome, index };
  }
}

/** Keeps `inFlight` appends going until stop(); counts what was issued, acknowledged and refused. */
class Writer {
  issued = 0;
  acknowledged = [];
  refused = [];
  #stopped = false;
  #untold = [];
  #telling = false;
  #lanes;

  constructor(tab, inFlight) {
    this.tab = tab;
    this.#lanes = Array.from({ length: inFlight }, () => this.#lane());
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#lanes);
    return { issued: this.issued, acknowledged: this.acknowledged, refused: this.refused };
  }

  async #lane() {
    while (!this.#stopped) {
      this.issued += 1;
      const id = `${this.tab}-${this.issued}`;
      const outcome = await attempt(() =>
        globalThis.store.append("item.added", { id, tab: this.tab }),
      );
      if (outcome.code !== undefined) {
        this.refused.push({ id, ...outcome });
        return;
      }
      this.acknowledged.push(id);
      this.#untold.push(id);
      if (!this.#telling) void this.#tell();
    }
  }

  // One message at a time: the test that listens is slower than the store.
  async #tell() {
    this.#telling = true;
    while (this.#untold.length > 0) await globalThis.tellAcknowledged(this.#untold.splice(0));
    this.#telling = false;
  }
}

globalThis.tablog = { TablogError, defineSchema, openStore };
globalThis.lab = {
  schema,
  open,
  attempt,
  write: (tab, inFlight) => (globalThis.writer = new Writer(tab, inFlight)),
};
