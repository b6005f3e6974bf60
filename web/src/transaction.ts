// Transactions: optimistic. What one has read goes with what it appends, and the leader reads it again before it takes
// them; after a conflict the app's function runs anew. One that is in conflict again and again asks the leader for
// exclusive use of the log.

import type { Parameters } from "./arguments.js";
import { inputs, payloads, type Durability } from "./boundary_page.js";
import { readRows } from "./boundary_results.js";
import { encode, type Id } from "./bytes.js";
import type { Client } from "./client.js";
import { TablogError, invalid } from "./errors.js";
import { writeEvent, writeStatement } from "./payload.js";
import type { EventArguments, EventType, Schema } from "./schema.js";
import type { ParameterNames } from "./parameters.js";
import type { StoreCalls } from "./store_calls.js";
import type { ColumnValue } from "./values.js";

const kFreeAttempts = 4;
const kExclusiveAttempts = 4;
/** Doubled with each attempt; half to all of it is waited. */
const kBackoffMs = 4;

/** How one transaction is to be taken. */
export interface TransactionOptions {
  /** Default: that of `openStore`. */
  readonly durability?: Durability;
  /** Ends it before its next attempt, and withdraws what has not been sent to the leader. */
  readonly signal?: AbortSignal;
}

/** The parameters of a transaction's `append`: the arguments may be left out where the event has none. */
export type EventParameters<S extends Schema, T extends EventType<S>> = [
  ParameterNames<S["events"][T]>,
] extends [never]
  ? [args?: Record<string, never>]
  : [args: EventArguments<S, T>];

interface Read {
  readonly statement: Uint8Array;
  readonly hash: Id;
}

/** One attempt, for the function that `store.transaction` was given. Of no use once that has ended. */
export class Transaction<S extends Schema = Schema> {
  readonly #calls: StoreCalls;
  readonly #client: Client;
  readonly #events: Uint8Array[] = [];
  readonly #reads: Read[] = [];
  readonly #asked = new Set<Promise<unknown>>();
  #over = false;

  /** @internal Use `store.transaction`. */
  constructor(calls: StoreCalls, client: Client) {
    this.#calls = calls;
    this.#client = client;
  }

  /**
   * Reads; the transaction commits only if the same query still gives the same rows. Does not see what this transaction
   * appends.
   * @throws TablogError as `store.query`
   */
  async query<Row = Record<string, ColumnValue>>(sql: string, params?: Parameters): Promise<Row[]> {
    this.#requireOngoing();
    const asked = this.#read(encode((w) => writeStatement(w, sql, params)));
    this.#asked.add(asked);
    const { rows, read } = await asked.finally(() => this.#asked.delete(asked));
    this.#reads.push(read);
    return rows as Row[];
  }

  /** To be appended when the function has ended: with all others of this transaction, in this order, or not at all. */
  append<T extends EventType<S>>(type: T, ...[args]: EventParameters<S, T>): void {
    this.#requireOngoing();
    this.#events.push(encode((w) => writeEvent(w, type, args, "type", "args")));
  }

  /**
   * @internal False after a conflict.
   * @throws TablogError as `store.append`
   */
  async commit(options: TransactionOptions): Promise<boolean> {
    await Promise.allSettled(this.#asked);
    this.#over = true;
    if (this.#events.length === 0) return this.#readsStand();
    const reads = this.#reads.map(({ statement, hash }) =>
      encode((w) => {
        w.id(hash);
        w.raw(statement);
      }),
    );
    try {
      await this.#calls.append(
        (w) => {
          w.u8(payloads.events);
          w.list(this.#events, (event) => w.raw(event));
        },
        options,
        reads,
      );
      return true;
    } catch (thrown) {
      if (thrown instanceof TablogError && thrown.code === "Conflict") return false;
      throw thrown;
    }
  }

  /** @internal */
  end(): void {
    this.#over = true;
  }

  // Nothing to commit: what it read was true at one moment, if all of it is still true after the last of it was
  // read. What is asked in one task is answered by one state, or by the leader later than all of the first answers.
  async #readsStand(): Promise<boolean> {
    if (this.#reads.length < 2) return true;
    const again = await Promise.all(this.#reads.map(({ statement }) => this.#read(statement)));
    return again.every(({ read }, i) => read.hash === this.#reads[i]?.hash);
  }

  async #read(statement: Uint8Array): Promise<{ rows: Record<string, ColumnValue>[]; read: Read }> {
    const { told } = this.#client;
    return this.#calls.call(
      { write: (w, call) => inputs.guardedQuery(w, call, { told, statement }) },
      (r) => ({ read: { hash: r.id(), statement }, rows: readRows(r) }),
    );
  }

  #requireOngoing(): void {
    if (this.#over)
      throw new TablogError(
        "Closed",
        "this transaction is over: await all that it does within its function",
      );
  }
}

/** What `store.transaction` does. */
export async function transact<S extends Schema, T>(
  calls: StoreCalls,
  client: Client,
  run: (transaction: Transaction<S>) => T | Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  if (typeof run !== "function") throw invalid("transaction takes a function");
  const began = performance.now();
  for (let attempt = 1; attempt <= kFreeAttempts + kExclusiveAttempts; ++attempt) {
    calls.requireUnaborted(options.signal);
    const isFree = attempt <= kFreeAttempts;
    const leave = isFree ? undefined : await client.exclusive.enter(calls);
    const transaction = new Transaction<S>(calls, client);
    try {
      const value = await run(transaction);
      if (isFree) await client.exclusive.left();
      if (await transaction.commit(options)) return value;
    } finally {
      transaction.end();
      leave?.();
    }
    if (isFree) await backOff(attempt);
  }
  const ms = Math.round(performance.now() - began);
  throw new TablogError(
    "TransactionTimeout",
    `the transaction was in conflict ${kFreeAttempts + kExclusiveAttempts} times within ${ms} ms, at last with exclusive ` +
      "use of the log: its function takes over a second, or its queries do not give the same rows twice (random(), the " +
      "time). Make it shorter and try again",
    { outcome: "none" },
  );
}

function backOff(attempt: number): Promise<void> {
  const most = kBackoffMs * 2 ** attempt;
  return new Promise((resolve) => setTimeout(resolve, most * (0.5 + 0.5 * Math.random())));
}
