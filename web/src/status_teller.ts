// StatusTeller: tells of changes of the status, those of one task as one.

import type { ClientEvent, StoreStatus } from "./status.js";

export class StatusTeller {
  readonly #status: () => StoreStatus;
  readonly #emit: (event: ClientEvent) => void;
  #told: StoreStatus | undefined;
  #due = false;

  constructor(status: () => StoreStatus, emit: (event: ClientEvent) => void) {
    this.#status = status;
    this.#emit = emit;
  }

  changed(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#tell(this.#status(), this.#told);
    });
  }

  #tell(now: StoreStatus, before: StoreStatus | undefined): void {
    const fields = Object.keys(now) as (keyof StoreStatus)[];
    if (fields.every((field) => now[field] === before?.[field])) return;
    this.#told = now;
    this.#emit({ kind: "statuschange", status: now });
    if (now.leaderId !== (before?.leaderId ?? null) || now.term !== (before?.term ?? 0)) {
      this.#emit({ kind: "leaderchange", leaderId: now.leaderId, term: now.term });
    }
  }
}
