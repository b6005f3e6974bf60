// Store: the public face of a client. Encodes calls, decodes their results, and answers for them until
// it is closed.

import { wellFormed, writeNamed, writeParameters, type Parameters } from "./arguments.js";
import { inputs, payloads, readEntry, readRows, readTab, type Accepted } from "./boundary_page.js";
import { encode, type Reader, type Writer } from "./bytes.js";
import type { Call } from "./calls.js";
import { TablogError, invalid } from "./errors.js";
import { eventOf, type StoreEventMap } from "./events.js";
import { Histogram } from "./histogram.js";
import type { LogEntry } from "./log_entry.js";
import { choice, type Settings } from "./options.js";
import type { ParameterNames } from "./parameters.js";
import type {
  AppendOptions,
  Appended,
  Executed,
  QueryOptions,
  ReadOptions,
  StoreStats,
  Tab,
} from "./results.js";
import type { EventArguments, EventOf, EventType, Schema } from "./schema.js";
import { aborted, type AppendCall } from "./session.js";
import { SharedClient } from "./shared_clients.js";
import type { ClientEvent, StoreStatus } from "./status.js";
import type { ColumnValue } from "./values.js";

const kCloseTimeoutMs = 5000;
const kSessionCloseMs = 1000;
const kReadPage = 512;

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
  readonly #latency = new Histogram();
  readonly #appends = new Set<AppendCall>();
  readonly #open = new Set<(error: TablogError) => void>();
  readonly #listen = (event: ClientEvent): void => void this.dispatchEvent(eventOf(event));
  #closing: Promise<void> | undefined;
  #allAnswered: (() => void) | undefined;

  /** @internal Use `openStore`. */
  constructor(settings: Settings<S>) {
    super();
    this.#settings = settings;
    this.#shared = SharedClient.acquire(settings, this.#listen);
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
    const payload = encode((w) => {
      w.u8(payloads.events);
      w.u32(1);
      writeEvent(w, type, args, "type", "args");
    });
    return appended(await this.#append(payload, options), 0);
  }

  /** Appends several events as one: contiguous in the log, all or none. */
  async appendBatch(events: readonly EventOf<S>[], options?: AppendOptions): Promise<Appended[]> {
    if (!Array.isArray(events)) throw invalid("appendBatch takes an array of { type, args }");
    this.#requireOpen();
    if (events.length === 0) return [];
    const payload = encode((w) => {
      w.u8(payloads.events);
      w.list([...events.keys()], (i) => {
        const event = events[i] as Partial<EventOf<S>> | null | undefined;
        if (typeof event !== "object" || event === null)
          throw invalid(`events[${i}] must be { type, args }`);
        writeEvent(w, event.type, event.args, `events[${i}].type`, `events[${i}].args`);
      });
    });
    const accepted = await this.#append(payload, options);
    return events.map((_, i) => appended(accepted, i));
  }

  /**
   * An ad hoc write, logged as an entry: one or more statements, DDL allowed.
   * @throws TablogError as `append`
   */
  async exec(sql: string, params?: Parameters, options?: AppendOptions): Promise<Executed> {
    const payload = encode((w) => {
      w.u8(payloads.exec);
      writeStatement(w, sql, params);
    });
    const accepted = await this.#append(payload, options);
    return { ...appended(accepted, 0), changes: accepted.changes };
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
    const write = (w: Writer, call: number): void => inputs.query(w, call, consistency, statement);
    return (await this.#call({ write, signal }, readRows)) as Row[];
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
      const page = await this.#call({ write: (w, call) => inputs.read(w, call, range) }, (r) => ({
        entries: r.list(() => readEntry(r)),
        next: r.u64(),
      }));
      yield* page.entries;
      left -= page.entries.length;
      next = page.next;
    }
  }

  /** Flushes the state database; resolves with the index that it is at. Not needed for durability. */
  async checkpoint(): Promise<number> {
    return this.#call({ write: inputs.checkpoint }, (r) => r.u64());
  }

  /** The whole log as one file, which the native tool reads. */
  async exportLog(): Promise<Blob> {
    return this.#export("log", "application/octet-stream");
  }

  /** The state as a plain SQLite file. */
  async exportDatabase(): Promise<Blob> {
    return this.#export("database", "application/vnd.sqlite3");
  }

  /** Every tab that has the store open. */
  async tabs(): Promise<Tab[]> {
    this.#requireOpen();
    const live = await this.#shared.client.liveTabs();
    const states = await this.#call({ write: (w, call) => inputs.tabs(w, call, live) }, (r) =>
      r.list(() => readTab(r)),
    );
    return states.map(({ seenMsAgo, ...tab }) => ({ ...tab, lastSeen: Date.now() - seenMsAgo }));
  }

  /** Counters, latencies, sizes. */
  async stats(): Promise<StoreStats> {
    const counters = await this.#call(
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
    return { ...counters, appendLatency: this.#latency.summary(), quota };
  }

  /**
   * Waits for this store's pending appends, at most `timeout` ms (default 5 s), and lets go of the tab's
   * part in the store. Appends still pending then reject with `Closed`, `outcome: "unknown"`.
   */
  close({ timeout = kCloseTimeoutMs }: { readonly timeout?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeout);
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

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed(this.name);
  }

  #append(payload: Uint8Array, options: AppendOptions = {}): Promise<Accepted> {
    const { durability = this.#settings.durability, expectedIndex, signal } = options;
    choice("durability", durability, ["full", "relaxed"]);
    if (expectedIndex !== undefined) requireIndex("expectedIndex", expectedIndex);
    if (this.#closing !== undefined) throw closed(this.name).withOutcome("none");
    if (signal?.aborted === true) throw aborted(signal.reason);
    const { client } = this.#shared;
    const began = performance.now();
    return new Promise<Accepted>((resolve, reject) => {
      const withdraw = (): void => client.withdraw(call);
      const done = (): void => {
        signal?.removeEventListener("abort", withdraw);
        this.#appends.delete(call);
        if (this.#appends.size === 0) this.#allAnswered?.();
      };
      const call: AppendCall = {
        payload,
        durability,
        expectedIndex,
        resolve: (accepted) => {
          this.#latency.add(performance.now() - began);
          done();
          resolve(accepted);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener("abort", withdraw, { once: true });
      this.#appends.add(call);
      client.append(call);
    });
  }

  #call<T>(
    {
      signal,
      ...asked
    }: Pick<Call, "write" | "chunk" | "restart"> & { readonly signal?: AbortSignal | undefined },
    decode: (reader: Reader) => T,
  ): Promise<T> {
    this.#requireOpen();
    if (signal?.aborted === true) throw aborted(signal.reason);
    return new Promise<T>((resolve, reject) => {
      const settled = (): void => {
        this.#open.delete(giveUp);
        signal?.removeEventListener("abort", abort);
      };
      const giveUp = (error: TablogError): void => {
        forget();
        settled();
        reject(error);
      };
      const abort = (): void => giveUp(aborted(signal?.reason));
      this.#open.add(giveUp);
      signal?.addEventListener("abort", abort, { once: true });
      const forget = this.#shared.client.call({
        ...asked,
        reply: (reader) => {
          settled();
          resolve(decode(reader));
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
    });
  }

  async #export(what: "log" | "database", type: string): Promise<Blob> {
    const parts: Uint8Array[] = [];
    await this.#call(
      {
        write: (w, call) => inputs.export(w, call, what),
        chunk: (bytes) => void parts.push(bytes),
        restart: () => void parts.splice(0),
      },
      (r) => r.u64(),
    );
    return new Blob(parts as Uint8Array<ArrayBuffer>[], { type });
  }

  async #close(timeout: number): Promise<void> {
    await Promise.resolve(); // #closing stands before anything is rejected
    const giveUpAt = performance.now() + timeout;
    if (this.#appends.size > 0) await this.#answered(timeout);
    const error = closed(this.name);
    for (const giveUp of [...this.#open]) giveUp(error);
    const { client } = this.#shared;
    if (!this.#shared.release(this.#listen)) return client.disown(this.#appends, error);
    if (this.#appends.size === 0)
      await client.closeSession(Math.min(kSessionCloseMs, giveUpAt - performance.now()));
    client.shutDown(error);
  }

  #answered(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#allAnswered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function writeEvent(
  w: Writer,
  type: unknown,
  args: unknown,
  typePath: string,
  argsPath: string,
): void {
  if (typeof type !== "string")
    throw invalid(`${typePath} must be an event type, not ${typeof type}`);
  w.text(wellFormed(type, typePath));
  writeNamed(w, args ?? {}, argsPath);
}

function writeStatement(w: Writer, sql: unknown, params: unknown): void {
  if (typeof sql !== "string") throw invalid(`sql must be text, not ${typeof sql}`);
  w.text(wellFormed(sql, "sql"));
  writeParameters(w, params);
}

function appended({ firstIndex, term, time }: Accepted, position: number): Appended {
  return { index: firstIndex + position, term, time };
}

function requireIndex(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw invalid(`${what} must be a whole number from 0 on, not ${String(value)}`);
  }
}

function closed(name: string): TablogError {
  return new TablogError("Closed", `the store ${JSON.stringify(name)} is closed`);
}
