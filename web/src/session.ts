// Session: the appends of a tab, numbered 1, 2, 3, … at first send, and kept until they are answered.
// The numbers are what makes a repeated append take effect once (DESIGN section 4).

import { inputs, payloads, type Accepted, type Durability } from "./boundary_page.js";
import type { Writer } from "./bytes.js";
import { TablogError, type Outcome } from "./errors.js";

export interface AppendCall {
  readonly payload: Uint8Array;
  readonly durability: Durability;
  readonly optimistic: boolean;
  readonly expectedIndex: number | undefined;
  /** What a transaction has read, each as the boundary has it. */
  readonly reads: readonly Uint8Array[];
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: TablogError) => void;
}

interface Sent {
  readonly call: AppendCall;
  withdrawn: boolean;
}

export class Session {
  readonly #unsent = new Set<AppendCall>();
  readonly #unanswered = new Map<number, Sent>(); // ascending
  #last = 0;
  #lastRelayed = 0; // what goes by the replica worker alone
  #appended = 0;

  /** Appends that are neither resolved nor rejected. */
  get pending(): number {
    return this.#unsent.size + this.#unanswered.size;
  }

  /** The index of the last entry that was appended here, as far as it is known. */
  get appended(): number {
    return this.#appended;
  }

  /** Bytes of what has no number yet. */
  get unsentBytes(): number {
    const parts = [...this.#unsent].flatMap(({ payload, reads }) => [payload, ...reads]);
    return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * Whether nothing is on its way to the leader by the replica worker: then what is sent next can be
   * handed to a leader of this tab without being overtaken.
   */
  get clear(): boolean {
    const [first = Infinity] = this.#unanswered.keys();
    return first > this.#lastRelayed;
  }

  add(call: AppendCall): void {
    this.#unsent.add(call);
  }

  /** Gives the call its number and writes it; nothing if it has been withdrawn. */
  write(writer: Writer, call: AppendCall, handed: boolean): void {
    if (!this.#unsent.delete(call)) return;
    this.#last += 1;
    const sent = { call, withdrawn: false };
    this.#unanswered.set(this.#last, sent);
    if (!handed) this.#lastRelayed = this.#last;
    this.#writeSent(writer, this.#last, sent, handed);
  }

  /** All of them, for a worker that has heard of none. */
  writeAll(writer: Writer): void {
    this.relay();
    for (const [number, sent] of this.#unanswered) this.#writeSent(writer, number, sent, false);
    for (const call of this.#unsent) this.write(writer, call, false);
  }

  /** The leader that some were handed to may be gone: from here on they are the replica worker's. */
  relay(): void {
    this.#lastRelayed = this.#last;
  }

  /** The history that was appended to is gone. */
  forgetAppended(): void {
    this.#appended = 0;
  }

  settle(number: number, result: Accepted | TablogError): void {
    const sent = this.#unanswered.get(number);
    if (sent === undefined) return; // answered before by another worker
    this.#unanswered.delete(number);
    if (result instanceof TablogError) return sent.call.reject(result);
    this.#appended = Math.max(this.#appended, result.firstIndex + result.count - 1);
    if (result.voided) sent.call.reject(aborted());
    else sent.call.resolve(result);
  }

  /**
   * Its signal was aborted. What has no number yet is dropped. Otherwise the number is sent again as
   * void: it counts if the leader has not heard of the append, and the answer tells. Returns what to
   * write then.
   */
  withdraw(call: AppendCall): ((writer: Writer) => void) | undefined {
    if (this.#unsent.delete(call)) {
      call.reject(aborted());
      return undefined;
    }
    const found = [...this.#unanswered].find(([, sent]) => sent.call === call);
    if (found === undefined) return undefined;
    const [number, sent] = found;
    sent.withdrawn = true;
    return (writer) => {
      if (this.#unanswered.has(number)) this.#writeSent(writer, number, sent, false);
    };
  }

  /** Lets go of calls whose store is closed: those that were sent go on without anyone to answer. */
  disown(calls: ReadonlySet<AppendCall>, error: TablogError): void {
    for (const call of calls)
      call.reject(error.withOutcome(this.#unsent.delete(call) ? "none" : "unknown"));
  }

  /** Rejects what is left. */
  abandon(error: TablogError): void {
    const reject = (call: AppendCall, outcome: Outcome): void =>
      call.reject(error.withOutcome(outcome));
    for (const call of this.#unsent) reject(call, "none");
    for (const { call } of this.#unanswered.values()) reject(call, "unknown");
    this.#unsent.clear();
    this.#unanswered.clear();
  }

  #writeSent(writer: Writer, number: number, sent: Sent, handed: boolean): void {
    const { call, withdrawn } = sent;
    const { durability, optimistic, expectedIndex } = call;
    const payload = withdrawn ? Uint8Array.of(payloads.void) : call.payload;
    const reads = withdrawn ? [] : call.reads;
    const settledThrough = this.#settledThrough();
    writer.frame(() =>
      inputs.append(writer, {
        number,
        settledThrough,
        durability,
        optimistic,
        expectedIndex,
        reads,
        payload,
        handed,
      }),
    );
  }

  // The highest number up to which all are answered.
  #settledThrough(): number {
    const [first] = this.#unanswered.keys();
    return first === undefined ? this.#last : first - 1;
  }
}

export function aborted(cause?: unknown): TablogError {
  return new TablogError("Aborted", "the call was withdrawn by its signal", {
    outcome: "none",
    cause,
  });
}
