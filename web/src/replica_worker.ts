// The replica worker's shell: passes the page's inputs to the module, its messages to the channels, and
// its answers to the page.

import { kFirstPageOutput } from "./boundary_page.js";
import { readSend, replicaInputs } from "./boundary_worker.js";
import { Reader, Writer } from "./bytes.js";
import { Channels } from "./channels.js";
import type { FileCalls, Step } from "./wasm.js";
import { Timer, giveUp, tellPage } from "./worker_host.js";
import type { StartMessage } from "./worker_protocol.js";

// The replica's database is in memory: it opens no file.
export const noFiles: FileCalls = {
  read: () => -1,
  write: () => -1,
  flush: () => -1,
  size: () => -1,
  truncate: () => -1,
  lastError: () => "a replica has no files",
};

export class ReplicaWorker {
  readonly #step: Step;
  readonly #channels: Channels;
  readonly #timer: Timer;

  constructor(step: Step, { key, tab, line, configuration }: StartMessage) {
    this.#step = step;
    this.#channels = new Channels(key, tab, "replica", (bytes) =>
      this.input(replicaInputs.message(bytes)),
    );
    this.#channels.connect(line);
    this.#timer = new Timer(() => this.input(replicaInputs.tick()));
    this.input(new Uint8Array(configuration));
  }

  connect(line: MessagePort): void {
    this.#channels.connect(line);
  }

  input(input: Uint8Array): void {
    const forPage = new Writer();
    try {
      for (const output of this.#step(input)) this.#carryOut(output, forPage);
    } catch (thrown) {
      return giveUp(thrown);
    }
    if (forPage.length === 0) return;
    const sequence = forPage.finish().buffer;
    tellPage({ kind: "outputs", sequence }, [sequence]);
  }

  #carryOut(output: Uint8Array, forPage: Writer): void {
    const reader = new Reader(output);
    const kind = reader.u8();
    if (kind >= kFirstPageOutput) return forPage.bytes(output);
    switch (kind) {
      case 0:
        return this.#channels.send(readSend(reader));
      case 1:
        return this.#timer.set(reader.f64());
      case 2:
        navigator.locks.query().catch(() => undefined);
        return;
    }
  }
}
