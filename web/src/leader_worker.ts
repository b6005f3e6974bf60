// The leader worker's shell: waits for the store's lock, opens its files, and carries out what the
// module decides (docs/boundary.md).

import { decodeLeaderOutput, leaderInputs, type LeaderOutput } from "./boundary_worker.js";
import { Writer } from "./bytes.js";
import { Channels } from "./channels.js";
import { TablogError, wordsOf } from "./errors.js";
import { lockNames, mintId, tabsOf } from "./names.js";
import type { Directory, SlotFiles } from "./files.js";
import type { Step } from "./wasm.js";
import { Timer, giveUp, seeLocks, tellPage } from "./worker_host.js";
import type { StartMessage } from "./worker_protocol.js";

export class LeaderWorker {
  readonly #start: StartMessage;
  readonly #step: Step;
  readonly #files: SlotFiles;
  readonly #channels: Channels;
  readonly #timer = new Timer(() => this.input(leaderInputs.tick()));
  readonly #toSelf = new MessageChannel();
  #release: (() => void) | undefined;

  /** Stands by for leadership from then on. */
  constructor(start: StartMessage, step: Step, files: SlotFiles) {
    this.#start = start;
    this.#step = step;
    this.#files = files;
    this.#channels = new Channels(start.key, start.tab, "leader", (bytes) =>
      this.input(leaderInputs.message(bytes)),
    );
    this.#channels.connect(start.line);
    this.#toSelf.port1.onmessage = ({ data }: MessageEvent<"batchDue" | "resume">) =>
      this.input(leaderInputs[data]());
    const [seed = 0n] = crypto.getRandomValues(new BigInt64Array(1));
    const { tab: client, memory, schemaVersion } = start;
    const fresh = mintId(crypto);
    this.input(leaderInputs.configure({ client, fresh, seed, memory, schemaVersion }));
    this.#requestLock();
  }

  connect(line: MessagePort): void {
    this.#channels.connect(line);
  }

  input(input: Uint8Array): void {
    try {
      const outputs = [...this.#step(input)].map(decodeLeaderOutput);
      this.#tellSettled(outputs);
      for (const output of outputs) this.#carryOut(output);
    } catch (thrown) {
      giveUp(thrown);
    }
  }

  // Before all that goes to other tabs, which may take its time.
  #tellSettled(outputs: readonly LeaderOutput[]): void {
    const forPage = new Writer();
    for (const output of outputs) if (output.kind === "settled") forPage.bytes(output.output);
    if (forPage.length > 0) tellPage({ kind: "outputs", sequence: forPage.finish().buffer });
  }

  #carryOut(output: LeaderOutput): void {
    switch (output.kind) {
      case "settled":
        return; // told already
      case "send":
        return this.#channels.send(output.send);
      case "timer":
        return this.#timer.set(output.delayMs);
      case "queryLocks":
        return this.#queryLocks();
      case "armBatch":
        return this.#toSelf.port2.postMessage("batchDue");
      case "resume":
        return this.#toSelf.port2.postMessage("resume");
      case "openFiles":
        return this.#openFiles(output.log, output.pool);
      case "wantSlots":
        this.#createSlots("log", output.log);
        return this.#createSlots("pool", output.pool);
      case "closeFiles":
        return this.#files.closeAll();
      case "releaseLock":
        return this.#release?.();
      case "role":
        return tellPage({ kind: "role", role: output.role, term: output.term });
      case "failed": {
        const error = output.error.slice().buffer;
        return tellPage({ kind: "leaderFailed", error }, [error]);
      }
    }
  }

  // Held until the module releases it; then asked for again, behind the other tabs. A lock that was
  // stolen rejects the request.
  #requestLock(): void {
    navigator.locks
      .request(lockNames.leader(this.#start.key), () => {
        const released = new Promise<void>((resolve) => (this.#release = resolve));
        this.input(leaderInputs.lockGranted());
        return released;
      })
      .catch(() => this.input(leaderInputs.lockLost()))
      .finally(() => this.#requestLock());
  }

  // Handles go on working on files that were deleted with the site's data: who has only these does not lead.
  #queryLocks(): void {
    const began = performance.now();
    const { key, lifeLock } = this.#start;
    Promise.all([seeLocks(lockNames.leader(key), lifeLock), this.#files.areNamed()]).then(
      ([{ held, names }, named]) => {
        if (named) return this.input(leaderInputs.locksSeen(began, held, tabsOf(names, key)));
        this.#files.abandonAll();
        this.input(leaderInputs.lockLost());
      },
      () => this.input(leaderInputs.lockLost()),
    );
  }

  #openFiles(log: number, pool: number): void {
    this.#files.open(log, pool).then(
      (slots) => this.input(leaderInputs.filesOpened(slots.log, slots.pool)),
      (error: unknown) => this.#filesFailed(error),
    );
  }

  #filesFailed(error: unknown): void {
    const code = error instanceof TablogError ? error.code : "StorageUnavailable";
    this.input(
      leaderInputs.filesFailed(code, error instanceof TablogError ? error.message : wordsOf(error)),
    );
  }

  // Spare slots: a failure to make one is told by the appends that miss it.
  #createSlots(directory: Directory, count: number): void {
    for (let i = 0; i < count; ++i) {
      this.#files.create(directory).then(
        (slot) => this.input(leaderInputs.slotAdded(directory, slot)),
        () => undefined,
      );
    }
  }
}
