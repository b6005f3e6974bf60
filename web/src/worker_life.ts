// WorkerLife: one worker from its start to its end. Its page learns of its end, however it comes
// (terminate, crash, out of memory), by the grant of a lock that the worker holds as long as it lives.

import { TablogError, wordsOf } from "./errors.js";
import type { FromWorker, StartMessage, ToWorker } from "./worker_protocol.js";

const kHelloPatienceMs = 20_000;

export interface LifeOptions {
  readonly url: string;
  readonly locks: LockManager;
  readonly module: Promise<WebAssembly.Module>;
  readonly start: Omit<StartMessage, "kind" | "module">;
  /** Everything that the worker says, from its hello to its end. */
  readonly onMessage: (message: FromWorker) => void;
  /** At most once; nothing is heard of the worker afterwards. Not called after `end`. */
  readonly onEnd: (error: TablogError) => void;
}

export class WorkerLife {
  readonly #options: LifeOptions;
  readonly #watch = new AbortController();
  readonly #patience: ReturnType<typeof setTimeout>;
  #worker: Worker | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#patience = setTimeout(
      () => this.#ended(this.#loadFailed(`it did not answer within ${kHelloPatienceMs / 1000} s`)),
      kHelloPatienceMs,
    );
    try {
      this.#start(
        new Worker(options.url, { type: "module", name: `tablog ${options.start.role}` }),
      );
    } catch (thrown) {
      queueMicrotask(() => this.#ended(this.#loadFailed(wordsOf(thrown))));
    }
  }

  post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  /** Ends the worker on purpose: its messages are detached first. */
  end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    clearTimeout(this.#patience);
    this.#watch.abort();
    if (worker === undefined) return;
    worker.onmessage = worker.onerror = worker.onmessageerror = null;
    worker.terminate();
  }

  #start(worker: Worker): void {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#ended(this.#loadFailed(event.message || "the script cannot be fetched or run"));
    };
    const { module, start } = this.#options;
    module.then(
      (compiled) => this.post({ kind: "start", module: compiled, ...start }, [start.line]),
      (error: TablogError) => this.#ended(error),
    );
  }

  #heard(message: FromWorker): void {
    if (message.kind === "hello") {
      clearTimeout(this.#patience);
      this.#watchLifeLock();
    }
    if (message.kind === "fatal") return this.#ended(this.#loadFailed(message.message));
    this.#options.onMessage(message);
  }

  #watchLifeLock(): void {
    const { locks, start } = this.#options;
    locks
      .request(start.lifeLock, { signal: this.#watch.signal }, () => {
        this.#ended(
          new TablogError("LoadFailed", `the ${start.role} worker has ended unexpectedly`),
        );
      })
      .catch(() => undefined); // withdrawn by end()
  }

  #ended(error: TablogError): void {
    if (this.#worker === undefined && this.#watch.signal.aborted) return;
    this.end();
    this.#options.onEnd(error);
  }

  #loadFailed(words: string): TablogError {
    const { url, start } = this.#options;
    return new TablogError(
      "LoadFailed",
      `the ${start.role} worker ${url} failed: ${words}. Serve worker.js and tablog.wasm beside index.js ` +
        `(same origin), or pass workerUrl and wasmUrl`,
    );
  }
}
