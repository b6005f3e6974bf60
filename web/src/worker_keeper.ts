// WorkerKeeper: keeps one worker of a role going across its deaths, and gives up on one that keeps
// dying.

import { TablogError } from "./errors.js";
import type { FromWorker, ToWorker } from "./worker_protocol.js";
import { WorkerLife, type LifeOptions } from "./worker_life.js";

const kQuickDeathsMax = 5;
const kQuickMs = 30_000;
const kPauseMs = 50;

export interface KeeperOptions {
  /** Before the first restart; the later ones within a short time pause longer anyway. */
  readonly pauseMs: number;
  /** Starts life `n`, 1, 2, …. */
  readonly begin: (life: number) => Omit<LifeOptions, "onMessage" | "onEnd">;
  /** The worker answers to messages from here on; what it had been told before is lost with its predecessor. */
  readonly onUp: () => void;
  readonly onMessage: (message: FromWorker) => void;
  /** It has ended; another one is being started. */
  readonly onDown: (error: TablogError) => void;
  /** It could not be loaded at its first start, or has ended too often: no other is started. */
  readonly onGivenUp: (error: TablogError) => void;
}

export class WorkerKeeper {
  readonly #options: KeeperOptions;
  #life: WorkerLife | undefined;
  #lives = 0;
  #up = false;
  #everUp = false;
  #deaths: number[] = [];
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  start(): void {
    if (this.#life !== undefined || this.#pause !== undefined) return;
    this.#lives += 1;
    const life: WorkerLife = new WorkerLife({
      ...this.#options.begin(this.#lives),
      onMessage: (message) => this.#heard(message),
      onEnd: (error) => this.#ended(error),
    });
    this.#life = life;
  }

  /** Ends the worker; `start` begins another. */
  stop(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#life?.end();
    this.#life = undefined;
    this.#up = false;
  }

  /** Ends a worker that does not answer, and starts another as after a death. */
  replace(error: TablogError): void {
    this.#life?.end();
    this.#ended(error);
  }

  /** Dropped when the worker is not up. */
  post(message: ToWorker, transfer: Transferable[] = []): void {
    if (this.#up) this.#life?.post(message, transfer);
  }

  #heard(message: FromWorker): void {
    if (message.kind === "hello") {
      this.#up = this.#everUp = true;
      this.#options.onUp();
    } else {
      this.#options.onMessage(message);
    }
  }

  #ended(error: TablogError): void {
    this.#life = undefined;
    this.#up = false;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < kQuickMs), now];
    if (!this.#everUp) return this.#options.onGivenUp(error);
    const quick = this.#deaths.length;
    if (quick >= kQuickDeathsMax) {
      const words = `${quick} workers ended within ${kQuickMs / 1000} s; the last: ${error.message}`;
      return this.#options.onGivenUp(new TablogError("LoadFailed", words, { cause: error }));
    }
    this.#options.onDown(error);
    this.#pause = setTimeout(
      () => {
        this.#pause = undefined;
        this.start();
      },
      quick === 1 ? this.#options.pauseMs : kPauseMs * 2 ** quick,
    );
  }
}
