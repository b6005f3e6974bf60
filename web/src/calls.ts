// Calls: what the page has asked its replica worker, other than appends; asked again of the next
// worker when one dies.

import type { Id, Reader, Writer } from "./bytes.js";
import { TablogError } from "./errors.js";

export interface Call {
  readonly write: (writer: Writer, id: number) => void;
  readonly reply: (reader: Reader) => void;
  readonly reject: (error: TablogError) => void;
  /** The rows of a watch, which goes on; with what is known of them afterwards. */
  readonly watched?: (rows: Reader, hash: Id) => void;
  /** A piece of an export. */
  readonly chunk?: (bytes: Uint8Array) => void;
  /** The pieces so far, if any, are void: it begins, or begins anew. */
  readonly restart?: () => void;
}

export class Calls {
  readonly #open = new Map<number, Call>();
  #last = 0;

  add(call: Call): number {
    this.#last = (this.#last % 0xffffffff) + 1;
    this.#open.set(this.#last, call);
    return this.#last;
  }

  write(writer: Writer, id: number): void {
    const call = this.#open.get(id);
    if (call !== undefined) writer.frame(() => call.write(writer, id));
  }

  /** All of them, for a worker that has heard of none. */
  writeAll(writer: Writer): void {
    for (const [id, call] of this.#open) {
      call.restart?.();
      this.write(writer, id);
    }
  }

  reply(id: number, result: Reader | TablogError): void {
    const call = this.#open.get(id);
    if (call === undefined) return;
    this.#open.delete(id);
    if (result instanceof TablogError) call.reject(result);
    else call.reply(result);
  }

  chunk(id: number, offset: number, bytes: Uint8Array): void {
    const call = this.#open.get(id);
    if (offset === 0) call?.restart?.();
    call?.chunk?.(bytes);
  }

  /** False if nobody wants them any more. */
  watched(id: number, rows: Reader, hash: Id): boolean {
    const call = this.#open.get(id);
    call?.watched?.(rows, hash);
    return call !== undefined;
  }

  /** Its reply is no longer wanted; false if it has come already. */
  forget(id: number): boolean {
    return this.#open.delete(id);
  }

  /** Rejects what is left. */
  abandon(error: TablogError): void {
    const left = [...this.#open.values()];
    this.#open.clear();
    for (const call of left) call.reject(error);
  }
}
