// What both workers have: their start, their clock, their end.

import type { Id } from "./bytes.js";
import { wordsOf } from "./errors.js";
import type { FromWorker, StartMessage } from "./worker_protocol.js";

export function tellPage(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

/**
 * The module's state is unknown after a trap: nothing more may be said in its name. The page starts
 * another worker.
 */
export function giveUp(thrown: unknown): void {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  tellPage({ kind: "fatal", message: `${wordsOf(thrown)}\n${stack}` });
  self.close();
}

/**
 * One timer: a new time replaces the old one. One that is due earlier is left to go off: the machine looks at
 * its clock and says again what it waits for.
 */
export class Timer {
  readonly #due: () => void;
  #pending: ReturnType<typeof setTimeout> | undefined;
  #pendingAt = 0;

  constructor(due: () => void) {
    this.#due = due;
  }

  set(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (this.#pending !== undefined && this.#pendingAt <= at) return;
    clearTimeout(this.#pending);
    this.#pendingAt = at;
    this.#pending = setTimeout(() => {
      this.#pending = undefined;
      this.#due();
    }, delayMs);
  }
}

/** Held until the worker ends, however it ends: that is how its page learns of it. */
export async function holdLifeLock({ lifeLock }: Pick<StartMessage, "lifeLock">): Promise<void> {
  await new Promise<void>((granted, refused) => {
    navigator.locks
      .request(lifeLock, () => {
        granted();
        return new Promise<never>(() => undefined);
      })
      .catch(refused);
  });
}

export interface SeenLocks {
  readonly held: boolean;
  /** All that the holder of `name` holds. */
  readonly ofHolder: readonly string[];
  readonly names: readonly string[];
}

/** Which locks are held now, and whether `name` is held by this very worker. */
export async function seeLocks(name: string, lifeLock: string): Promise<SeenLocks> {
  const { held = [] } = await navigator.locks.query();
  const holderOf = (lock: string): Id | undefined =>
    held.find((info) => info.name === lock)?.clientId;
  const holder = holderOf(name);
  return {
    held: holder !== undefined && holder === holderOf(lifeLock),
    ofHolder: held.flatMap((info) =>
      info.clientId === holder && holder !== undefined ? (info.name ?? []) : [],
    ),
    names: held.flatMap((info) => info.name ?? []),
  };
}
