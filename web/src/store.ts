// Store: the public face of a client. Encodes calls, decodes their results, and answers for them until
// it is closed.

import type { Parameters } from "./arguments.js";
import { inputs, payloads, writeSchema, type Accepted } from "./boundary_page.js";
import { readDigests, readEntry, readRows, readTab } from "./boundary_results.js";
import { encode, type Writer } from "./bytes.js";
import { TablogError, invalid } from "./errors.js";
import { eventOf, type StoreEventMap } from "./events.js";
import { discardGeneration, makeGeneration, oneAtATime, type ImportOptions } from "./import.js";
import type { LogEntry } from "./log_entry.js";
import { choice, type Settings } from "./options.js";
import type { ParameterNames } from "./parameters.js";
import { writeEvent, writeStatement } from "./payload.js";
import type {
  AppendOptions,
  Appended,
  CompactOptions,
  Executed,
  QueryOptions,
  ReadOptions,
  StoreStats,
  Tab,
  Verified,
} from "./results.js";
import type { EventArguments, EventOf, EventType, Schema } from "./schema.js";
import { SharedClient } from "./shared_clients.js";
import { StoreCalls, requireIndex } from "./store_calls.js";
import type { ClientEvent, StoreStatus } from "./status.js";
import { PastStore, type AtOptions, type PastSource } from "./past.js";
import { transact, type Transaction, type TransactionOptions } from "./transaction.js";
import type { ColumnValue } from "./values.js";
import { Watch } from "./watch.js";

const kCloseTimeoutMs = 5000;
const kSessionCloseMs = 1000;
const kReadPage = 512;
/** So often a compaction may free what is being verified. */
const kOutrunMax = 5;
const kDayMs = 24 * 60 * 60 * 1000;

/** The parameters of `append` for an event type: its arguments may be left out where it has none. */
export type AppendParameters<S extends Schema, T extends EventType<S>> = [
  ParameterNames<S["events"][T]>,
] extends [never]
  ? [args?: Record<string, never>, options?: AppendOptions]
  : [args: EventArguments<S, T>, options?: AppendOptions];

/**
 * A store as one tab has it: appends go to the leader's log, queries are answered from this tab's own
 * copy of the database. Made by `openStore`. Every method rejects with a `TablogError`.
 */
export class Store<S extends Schema = Schema> extends EventTarget {
  readonly #shared: SharedClient;
  readonly #settings: Settings<S>;
  readonly #calls: StoreCalls;
  readonly #listen = (event: ClientEvent): void => void this.dispatchEvent(eventOf(event));
  #closing: Promise<void> | undefined;

  /** @internal Use `openStore`. */
  constructor(settings: Settings<S>) {
    super();
    this.#settings = settings;
    this.#shared = SharedClient.acquire(settings, this.#listen);
    this.#calls = new StoreCalls(this.#shared.client, settings);
  }

  /** @internal */
  async ready(): Promise<this> {
    try {
      await this.#shared.ready;
    } catch (error) {
      this.#shared.release(this.#listen);
      throw error;
    }
    return this;
  }

  /** The name that it was opened with. */
  get name(): string {
    return this.#settings.name;
  }

  /** The store as this tab sees it now; `statuschange` tells of changes. */
  get status(): StoreStatus {
    return this.#shared.client.status;
  }

  /**
   * Appends one event. Resolves when its entry is durable (as `durability` says) and applied in this
   * tab; until then it is pending, across any change of the leader. Order is call order.
   * @throws TablogError `Rejected`, `Conflict`, `InvalidArgument`, `UnknownEvent`, `TooLarge`,
   * `QuotaExceeded`, `Aborted`, `Closed`; `outcome` tells whether it may have taken effect
   */
  async append<T extends EventType<S>>(
    type: T,
    ...[args, options]: AppendParameters<S, T>
  ): Promise<Appended> {
    const write = (w: Writer): void => {
      w.u8(payloads.events);
      w.u32(1);
      writeEvent(w, type, args, "type", "args");
    };
    return appended(await this.#calls.append(write, options), 0);
  }

  /** Appends several events as one: contiguous in the log, all or none. */
  async appendBatch(events: readonly EventOf<S>[], options?: AppendOptions): Promise<Appended[]> {
    this.#calls.requireOpen();
    if (Array.isArray(events) && events.length === 0) return [];
    const write = (w: Writer): void => {
      if (!Array.isArray(events)) throw invalid("appendBatch takes an array of { type, args }");
      w.u8(payloads.events);
      w.list([...events.keys()], (i) => {
        const event = events[i] as Partial<EventOf<S>> | null | undefined;
        if (typeof event !== "object" || event === null)
          throw invalid(`events[${i}] must be { type, args }`);
        writeEvent(w, event.type, event.args, `events[${i}].type`, `events[${i}].args`);
      });
    };
    const accepted = await this.#calls.append(write, options);
    return events.map((_, i) => appended(accepted, i));
  }

  /**
   * An ad hoc write, logged as an entry: one or more statements, DDL allowed.
   * @throws TablogError as `append`
   */
  async exec(sql: string, params?: Parameters, options?: AppendOptions): Promise<Executed> {
    const write = (w: Writer): void => {
      w.u8(payloads.exec);
      writeStatement(w, sql, params);
    };
    const accepted = await this.#calls.append(write, options);
    return { ...appended(accepted, 0), changes: accepted.changes };
  }

  /**
   * Runs `run`, whose queries and appends take effect as if nothing else had happened meanwhile: serializable. After a
   * conflict `run` is called again with a new transaction, at last with exclusive use of the log for a second at a time:
   * it must have no other effect than its transaction's. What it throws ends the transaction without effect.
   * @returns What `run` returned in the attempt that counts; its events are in the log then, contiguous.
   * @throws TablogError as `append`, and `TransactionTimeout`, `LeaderUnresponsive`
   */
  async transaction<T>(
    run: (transaction: Transaction<S>) => T | Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return transact(this.#calls, this.#shared.client, run, options);
  }

  /**
   * Runs one reading statement and gives its rows.
   * @throws TablogError `QueryFailed`, `InvalidArgument`, `LeaderUnresponsive` (linearizable), `Aborted`, `Closed`
   */
  async query<Row = Record<string, ColumnValue>>(
    sql: string,
    params?: Parameters,
    { consistency = "session", signal }: QueryOptions = {},
  ): Promise<Row[]> {
    choice("consistency", consistency, ["session", "linearizable", "local"]);
    const statement = encode((w) => writeStatement(w, sql, params));
    const { client } = this.#shared;
    const write = (w: Writer, call: number): void =>
      inputs.query(w, call, { consistency, told: client.told, statement });
    return (await this.#calls.call({ write, signal }, readRows)) as Row[];
  }

  /**
   * A query whose rows are told again whenever they change: `for await (const rows of store.watch(sql))`, or
   * `.subscribe(callback)`. It runs again when a table that it has read changed.
   * @throws TablogError `InvalidArgument`; what is wrong with the SQL is told to who iterates or subscribes
   */
  watch<Row = Record<string, ColumnValue>>(sql: string, params?: Parameters): Watch<Row> {
    const statement = encode((w) => writeStatement(w, sql, params));
    return new Watch<Row>(
      ({ rows, end }) =>
        this.#calls.watch(statement, { rows: (r) => rows(readRows(r) as Row[]), end }),
      (error) => this.#listen({ kind: "error", error }),
    );
  }

  /** The log's entries in order: what apps appended; with `control`, every entry. */
  async *read(options: ReadOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    const { from = 1, to = 0, types = [], limit = Infinity, control = false } = options;
    requireIndex("from", from);
    requireIndex("to", to);
    if (limit !== Infinity) requireIndex("limit", limit);
    if (!Array.isArray(types)) throw invalid("types must be an array of event types");
    const end = to === 0 ? this.status.head : to;
    let next = Math.max(from, 1);
    for (let left = limit; left > 0 && next !== 0 && next <= end;) {
      const range = { from: next, to: end, limit: Math.min(left, kReadPage), types, control };
      const page = await this.#calls.call(
        { write: (w, call) => inputs.read(w, call, range) },
        (r) => ({
          entries: r.list(() => readEntry(r)),
          next: r.u64(),
        }),
      );
      const entries = page.entries.slice(0, left); // a reply holds what one message brought
      yield* entries;
      left -= entries.length;
      next = page.next;
    }
  }

  /**
   * The store as it was after entry `index`: from the nearest snapshot that is kept, and the entries after it. Close it: it
   * holds a worker.
   * @throws TablogError `InvalidArgument` where the log does not go so far, `Corrupt`, `LeaderUnresponsive`, `LoadFailed`,
   * `Aborted`, `Closed`
   */
  async at(index: number, options: AtOptions = {}): Promise<PastStore> {
    this.#calls.requireOpen();
    requireIndex("index", index);
    return PastStore.open(this.#past(index, this.#settings.storage === "opfs", options), options);
  }

  /**
   * Reads the whole log, which its leader checks frame by frame, replays it, and holds every table that comes of it against this
   * tab's own state, recomputed from its rows (`replica: "none"`: the log alone). Takes its time.
   * @throws TablogError `Corrupt`, naming the entry that does not verify or the tables that differ; as `at`
   */
  async verify(options: AtOptions = {}): Promise<Verified> {
    for (let left = kOutrunMax; ; left -= 1) {
      try {
        return await this.#verify(options);
      } catch (thrown) {
        // A compaction has gone beyond the index meanwhile: there is a later one.
        const outrun = thrown instanceof TablogError && thrown.code === "Compacted" && left > 0;
        if (!outrun) throw thrown;
      }
    }
  }

  async #verify(options: AtOptions): Promise<Verified> {
    const mine = await this.#calls.call(
      { write: inputs.digests, signal: options.signal },
      readDigests,
    );
    const index = mine.index > 0 ? mine.index : this.status.head;
    const past = await PastStore.open(this.#past(index, false, options), options);
    const replayed = await past.digests().finally(() => past.close());
    const differing = [...replayed.tables]
      .filter(([table, digest]) => mine.index > 0 && mine.tables.get(table) !== digest)
      .map(([table]) => table);
    if (differing.length === 0) return { index, tables: Object.fromEntries(replayed.tables) };
    const words = `what the log gives at entry ${index} and this tab's state differ in ${differing.join(", ")}`;
    throw new TablogError("Corrupt", `${words}; reload the tab`, { index });
  }

  #past(index: number, usesSnapshots: boolean, { signal }: AtOptions): PastSource {
    const { client } = this.#shared;
    const { wasmUrl, workerUrl } = this.#settings;
    const { generation } = this.status;
    const read = (from: number): Promise<{ entries: Uint8Array[]; next: number }> => {
      const range = { from, to: index, limit: 0, types: [], control: true, encoded: true };
      return this.#calls.call({ write: (w, call) => inputs.read(w, call, range), signal }, (r) => ({
        entries: r.list(() => r.bytes()),
        next: r.u64(),
      }));
    };
    const base = (): Promise<Uint8Array[]> => this.#parts("base", signal);
    return { index, key: client.key, generation, usesSnapshots, wasmUrl, workerUrl, read, base };
  }

  /** Flushes the state database; resolves with the index that it is at. Not needed for durability. */
  async checkpoint(): Promise<number> {
    return this.#calls.call({ write: inputs.checkpoint }, (r) => r.u64());
  }

  /**
   * Frees the log's oldest entries: what they have made is kept as a snapshot, checked against the log's digests, that the log
   * begins with from then on. A crash at any point leaves the log as it was, or compacted. Appends and queries go on.
   * @returns The first index that can be read from now on; `read` of less, and `at` of less than the one before it, reject with `Compacted`
   * @throws TablogError `InvalidArgument`, `QuotaExceeded`, `Corrupt`, `LeaderUnresponsive`, `Closed`
   */
  async compact({ retainFrom, keepDays, keepBytes }: CompactOptions = {}): Promise<number> {
    if (retainFrom === undefined && keepDays === undefined && keepBytes === undefined)
      throw invalid("compact needs retainFrom, keepDays or keepBytes");
    if (retainFrom !== undefined) requireIndex("retainFrom", retainFrom);
    if (keepBytes !== undefined) requireIndex("keepBytes", keepBytes);
    if (keepDays !== undefined && !(Number.isFinite(keepDays) && keepDays >= 0))
      throw invalid("keepDays must be a number of days");
    // 0 stands for what nobody has asked for.
    const since = (days: number): number => Math.max(1, Math.floor(Date.now() - days * kDayMs));
    const wanted = {
      retainFrom: retainFrom === undefined ? 0 : Math.max(1, retainFrom),
      since: keepDays === undefined ? 0 : since(keepDays),
      keepBytes: keepBytes === undefined ? 0 : Math.max(1, keepBytes),
    };
    const write = (w: Writer, call: number): void => inputs.compact(w, call, wanted);
    return this.#calls.call({ write }, (r) => r.u64());
  }

  /** The whole log as one file, which the native tool reads. */
  async exportLog(): Promise<Blob> {
    return this.#export("log", "application/octet-stream");
  }

  /** The state as a plain SQLite file. */
  async exportDatabase(): Promise<Blob> {
    return this.#export("database", "application/vnd.sqlite3");
  }

  /**
   * An exported log becomes this store's, which must not have an event yet: the same entries, at the same indexes. All of it is
   * read and replayed before anything changes.
   * @returns The last index
   * @throws TablogError `NotEmpty`; `Corrupt`, `InvalidArgument`: of the file; `NewerFormat`, `EngineTooOld`, `SchemaTooOld`,
   * `SchemaConflict`: it is of another app, or of a later version; `QuotaExceeded`, `LeaderUnresponsive`, `Aborted`
   */
  async importLog(log: Blob, options: ImportOptions = {}): Promise<number> {
    return this.#import("log", log, options);
  }

  /**
   * A SQLite database becomes the first state of this store, which must not have an event yet. Its tables are those of the
   * schema's version, as if its migrations had made them; `exportDatabase` gives such a file.
   * @returns The last index
   * @throws TablogError `Rejected`: the schema's events do not fit its tables; else as `importLog`
   */
  async importDatabase(database: Blob, options: ImportOptions = {}): Promise<number> {
    return this.#import("database", database, options);
  }

  async #import(what: "log" | "database", blob: Blob, options: ImportOptions): Promise<number> {
    this.#calls.requireOpen();
    const { name, schema, storage, wasmUrl, workerUrl } = this.#settings;
    if (!(blob instanceof Blob)) throw invalid("an import takes a Blob, or a File");
    if (storage !== "opfs")
      throw invalid('a store with storage: "memory" is not imported into: use "opfs"');
    const { key } = this.#shared.client;
    const encoded = encode((w) => writeSchema(w, schema, 0)).buffer;
    const source = { what, blob, name, key, schema: encoded, wasmUrl, workerUrl };
    const { signal } = options;
    return oneAtATime(key, signal, async () => {
      await this.#requireEmpty();
      const generation = await makeGeneration(source, options);
      const write = (w: Writer, call: number): void => inputs.adopt(w, call, generation);
      return this.#calls
        .call({ write, signal }, (r) => r.u64())
        .catch(async (thrown: unknown) => {
          const refused = thrown instanceof TablogError && thrown.code === "NotEmpty";
          if (refused) await discardGeneration(key, generation);
          throw thrown;
        });
    });
  }

  // The leader has the last word; this is so that no work is done in vain.
  async #requireEmpty(): Promise<void> {
    try {
      for await (const _ of this.read({ limit: 1 })) throw notEmpty();
    } catch (thrown) {
      throw thrown instanceof TablogError && thrown.code === "Compacted" ? notEmpty() : thrown;
    }
  }

  /** Every tab that has the store open. */
  async tabs(): Promise<Tab[]> {
    this.#calls.requireOpen();
    const live = await this.#shared.client.liveTabs();
    const states = await this.#calls.call({ write: (w, call) => inputs.tabs(w, call, live) }, (r) =>
      r.list(() => readTab(r)),
    );
    return states.map(({ seenMsAgo, ...tab }) => ({ ...tab, lastSeen: Date.now() - seenMsAgo }));
  }

  /** Counters, latencies, sizes. */
  async stats(): Promise<StoreStats> {
    const counters = await this.#calls.call(
      { write: inputs.stats },
      (r) => JSON.parse(r.text()) as object,
    );
    const manager = navigator.storage as Partial<StorageManager> | undefined;
    const [estimate, persisted] = await Promise.all([
      manager?.estimate?.(),
      manager?.persisted?.(),
    ]);
    const quota = {
      usageBytes: estimate?.usage ?? null,
      quotaBytes: estimate?.quota ?? null,
      persisted: persisted ?? null,
    };
    return { ...counters, appendLatency: this.#calls.latency.summary(), quota };
  }

  /**
   * Waits for this store's pending appends, at most `timeout` ms (default 5 s), and lets go of the tab's
   * part in the store. Appends still pending then reject with `Closed`, `outcome: "unknown"`.
   */
  close({ timeout = kCloseTimeoutMs }: { readonly timeout?: number } = {}): Promise<void> {
    if (this.#closing === undefined) {
      this.#calls.refuseMore();
      this.#closing = this.#close(timeout);
    }
    return this.#closing;
  }

  /** `await using store = await openStore(…)` */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As of every EventTarget; the events are listed in `StoreEventMap`. */
  override addEventListener<K extends keyof StoreEventMap>(
    type: K,
    listener:
      ((event: StoreEventMap[K]) => void) | { handleEvent(event: StoreEventMap[K]): void } | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject | null, options);
  }

  override removeEventListener<K extends keyof StoreEventMap>(
    type: K,
    listener:
      ((event: StoreEventMap[K]) => void) | { handleEvent(event: StoreEventMap[K]): void } | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener as EventListenerOrEventListenerObject | null, options);
  }

  async #export(what: "log" | "database", type: string): Promise<Blob> {
    return new Blob((await this.#parts(what, undefined)) as Uint8Array<ArrayBuffer>[], { type });
  }

  async #parts(
    what: "log" | "database" | "base",
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    await this.#calls.call(
      {
        write: (w, call) => inputs.export(w, call, what),
        chunk: (bytes) => void parts.push(bytes),
        restart: () => void parts.splice(0),
        signal,
      },
      (r) => r.u64(),
    );
    return parts;
  }

  async #close(timeout: number): Promise<void> {
    const giveUpAt = performance.now() + timeout;
    await this.#calls.answered(timeout);
    const { client } = this.#shared;
    const error = this.#calls.closed();
    this.#calls.abandon(error);
    if (!this.#shared.release(this.#listen)) return client.disown(this.#calls.appends, error);
    if (this.#calls.appends.size === 0) {
      await client.closeSession(Math.min(kSessionCloseMs, giveUpAt - performance.now()));
    }
    client.shutDown(error);
    await client.gone();
  }
}

function appended({ firstIndex, term, time }: Accepted, position: number): Appended {
  return { index: firstIndex + position, term, time };
}

function notEmpty(): TablogError {
  const words = "the store has events: import into a new one, or delete this one first";
  return new TablogError("NotEmpty", words);
}
