// Lines: the direct MessagePorts between a tab's two workers. Each start of either makes a new pair.

import type { Role } from "./names.js";

export class Lines {
  readonly #waiting = new Map<Role, MessagePort>();

  /** The port that a starting worker of `role` gets; `offer` hands the other end to its sibling. */
  take(role: Role, offer: (sibling: Role) => void): MessagePort {
    const waiting = this.#waiting.get(role);
    this.#waiting.delete(role);
    if (waiting !== undefined) return waiting;
    const { port1, port2 } = new MessageChannel();
    const sibling = role === "replica" ? "leader" : "replica";
    this.#waiting.set(sibling, port2);
    offer(sibling);
    return port1;
  }

  /** The end that waits for a worker which is already up. */
  claim(role: Role): MessagePort | undefined {
    const port = this.#waiting.get(role);
    this.#waiting.delete(role);
    return port;
  }
}
