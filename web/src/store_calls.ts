// StoreCalls: one store's appends and other calls on its client, their signals, and its end.

import { inputs, kNoRows, type Accepted } from "./boundary_page.js";
import { encode, type Reader, type Writer } from "./bytes.js";
import type { Call } from "./calls.js";
import type { Client } from "./client.js";
import { TablogError, invalid } from "./errors.js";
import { Histogram } from "./histogram.js";
import { choice, type Settings } from "./options.js";
import type { AppendOptions } from "./results.js";
import type { Schema } from "./schema.js";
import { aborted, type AppendCall } from "./session.js";
import type { WatchListener } from "./watch.js";

type AppendInput = Pick<
  AppendCall,
  "payload" | "durability" | "optimistic" | "expectedIndex" | "reads"
>;

export type Asked = Pick<Call, "write" | "chunk" | "restart"> & {
  readonly signal?: AbortSignal | undefined;
};

export class StoreCalls {
  readonly latency = new Histogram();
  readonly #client: Client;
  readonly #settings: Settings<Schema>;
  readonly #appends = new Set<AppendCall>();
  readonly #open = new Set<(error: TablogError) => void>();
  #refusing = false;
  #allAnswered: (() => void) | undefined;

  constructor(client: Client, settings: Settings<Schema>) {
    this.#client = client;
    this.#settings = settings;
  }

  /** Appends that are pending. */
  get appends(): ReadonlySet<AppendCall> {
    return new Set(this.#appends);
  }

  /** @throws TablogError `Closed` */
  requireOpen(): void {
    if (this.#refusing) throw this.closed();
  }

  /** @throws TablogError `Aborted` */
  requireUnaborted(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw aborted(signal.reason);
  }

  refuseMore(): void {
    this.#refusing = true;
  }

  closed(): TablogError {
    return new TablogError("Closed", `the store ${JSON.stringify(this.#settings.name)} is closed`);
  }

  /** Appends what `write` writes: the payload. Nothing that is refused here has taken effect. */
  append(
    write: (writer: Writer) => void,
    options: AppendOptions = {},
    reads: readonly Uint8Array[] = [],
  ): Promise<Accepted> {
    try {
      return this.#append({ ...this.#checked(write, options), reads }, options.signal);
    } catch (thrown) {
      throw thrown instanceof TablogError ? thrown.withOutcome("none") : thrown;
    }
  }

  #checked(write: (writer: Writer) => void, options: AppendOptions): Omit<AppendInput, "reads"> {
    const { durability = this.#settings.durability, optimistic = false } = options;
    const { expectedIndex, signal } = options;
    this.requireOpen();
    if (this.#settings.schema.version === 0)
      throw invalid("a store opened with anySchema is only read: append with the app's schema");
    choice("durability", durability, ["full", "relaxed"]);
    if (expectedIndex !== undefined) requireIndex("expectedIndex", expectedIndex);
    this.requireUnaborted(signal);
    return { payload: encode(write), durability, optimistic, expectedIndex };
  }

  #append(input: AppendInput, signal: AbortSignal | undefined): Promise<Accepted> {
    const began = performance.now();
    return new Promise<Accepted>((resolve, reject) => {
      const withdraw = (): void => this.#client.withdraw(call);
      const done = (): void => {
        signal?.removeEventListener("abort", withdraw);
        this.#appends.delete(call);
        if (this.#appends.size === 0) this.#allAnswered?.();
      };
      const call: AppendCall = {
        ...input,
        resolve: (accepted) => {
          this.latency.add(performance.now() - began);
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
      this.#client.append(call);
    });
  }

  async call<T>({ signal, ...asked }: Asked, decode: (reader: Reader) => T): Promise<T> {
    this.requireOpen();
    this.requireUnaborted(signal);
    return new Promise<T>((resolve, reject) => {
      const settled = (): void => {
        this.#open.delete(giveUp);
        signal?.removeEventListener("abort", abort);
      };
      const giveUp = (error: TablogError): void => {
        forget?.();
        settled();
        reject(error);
      };
      const abort = (): void => giveUp(aborted(signal?.reason));
      this.#open.add(giveUp);
      signal?.addEventListener("abort", abort, { once: true });
      const forget: (() => void) | undefined = this.#client.call({
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

  /** Without an answer; where nobody hears it, it is not needed. */
  tell(write: (writer: Writer) => void): void {
    this.#client.tell(write);
  }

  /** Returns what ends it. Ends without an error where the store is closed. */
  watch(statement: Uint8Array, { rows, end }: WatchListener<Reader>): () => void {
    this.requireOpen();
    let known = kNoRows;
    const close = (): void => {
      stop();
      end(undefined);
    };
    this.#open.add(close);
    const forget = this.#client.call({
      write: (w, call) => inputs.watch(w, call, { known, told: this.#client.told, statement }),
      watched: (reader, hash) => {
        known = hash;
        rows(reader);
      },
      reply: () => undefined, // only errors come as one
      reject: (error) => {
        this.#open.delete(close);
        end(error);
      },
    });
    const stop = (): void => {
      this.#open.delete(close);
      forget();
    };
    return stop;
  }

  /** When no append is pending, or the time is over. */
  answered(timeoutMs: number): Promise<void> {
    if (this.#appends.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#allAnswered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Rejects every call but the appends. */
  abandon(error: TablogError): void {
    for (const giveUp of [...this.#open]) giveUp(error);
  }
}

/** @throws TablogError `InvalidArgument` */
export function requireIndex(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw invalid(`${what} must be a whole number from 0 on, not ${String(value)}`);
  }
}
