// Watch: a query whose rows are told again whenever they change. Each subscriber and each iteration has a run
// of its own in the replica worker, which tells nothing more until the page has taken the last rows.

import type { TablogError } from "./errors.js";

export interface WatchListener<Rows> {
  readonly rows: (rows: Rows) => void;
  /** It is over: with an error, or without one where the store was closed. */
  readonly end: (error: TablogError | undefined) => void;
}

/** Begins; returns what ends it. @throws TablogError `Closed` */
type StartWatch<Row> = (listener: WatchListener<Row[]>) => () => void;

/**
 * The rows of a query now, and anew whenever they differ: the first change at once, further ones at least 16 ms apart.
 * For each subscriber and each `for await` loop on its own; also in hidden tabs.
 */
export class Watch<Row> implements AsyncIterable<Row[]> {
  readonly #start: StartWatch<Row>;
  readonly #report: (error: TablogError) => void;

  /** @internal Use `store.watch`. `report`: what takes an error that a subscriber does not. */
  constructor(start: StartWatch<Row>, report: (error: TablogError) => void) {
    this.#start = start;
    this.#report = report;
  }

  /**
   * Calls `onRows` until the function that is returned is called, or the store is closed. An error ends it, `QueryFailed`
   * for instance, and goes to `onError`; without one to the store's `error` event.
   * @throws TablogError `Closed`
   */
  subscribe(
    onRows: (rows: Row[]) => void,
    onError: (error: TablogError) => void = this.#report,
  ): () => void {
    return this.#start({
      rows: (rows) => guarded(() => onRows(rows)),
      end: (error) => error !== undefined && guarded(() => onError(error)),
    });
  }

  /** Always the newest rows: a loop that takes its time misses those between. Ends when the store is closed. */
  [Symbol.asyncIterator](): AsyncIterator<Row[], undefined> {
    return new Iteration(this.#start);
  }
}

/** What an app's callback throws is the app's: it must not stop what else this message brings. */
function guarded(callback: () => void): void {
  try {
    callback();
  } catch (thrown) {
    reportError(thrown);
  }
}

class Iteration<Row> implements AsyncIterator<Row[], undefined> {
  readonly #stop: () => void;
  #newest: Row[] | undefined;
  #over = false;
  #error: TablogError | undefined;
  #wake: (() => void) | undefined;

  constructor(start: StartWatch<Row>) {
    this.#stop = start({
      rows: (rows) => {
        this.#newest = rows;
        this.#wake?.();
      },
      end: (error) => this.#end(error),
    });
  }

  async next(): Promise<IteratorResult<Row[], undefined>> {
    while (this.#newest === undefined && !this.#over)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    const rows = this.#newest;
    this.#newest = undefined;
    if (rows !== undefined) return { value: rows, done: false };
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<Row[], undefined>> {
    this.#stop();
    this.#newest = undefined;
    this.#end(undefined);
    return { value: undefined, done: true };
  }

  #end(error: TablogError | undefined): void {
    this.#over = true;
    this.#error = error;
    this.#wake?.();
  }
}
