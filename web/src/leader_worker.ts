// The leader worker's shell: waits for the store's lock, opens its files, and carries out what the
// module decides (docs/boundary.md).

import { decodeLeaderOutput, leaderInputs, type LeaderOutput } from "./boundary_worker.js";
import { Writer } from "./bytes.js";
import { Channels } from "./channels.js";
import { TablogError, wordsOf } from "./errors.js";
import { lockNames, mintId, tabOfWorker, tabsOf } from "./names.js";
import type { Directory, SlotFiles } from "./files.js";
import { rehearse } from "./rehearsal.js";
import type { Step } from "./wasm.js";
import { Timer, giveUp, seeLocks, tellPage } from "./worker_host.js";
import type { StartMessage } from "./worker_protocol.js";

/** How often a leader looks whether a fork would have room enough. */
const kSpareIntervalMs = 5000;

export class LeaderWorker {
  readonly #start: StartMessage;
  readonly #step: Step;
  readonly #files: SlotFiles;
  readonly #channels: Channels;
  readonly #timer = new Timer(() => this.input(leaderInputs.tick()));
  readonly #toSelf = new MessageChannel();
  readonly #workToSelf = new MessageChannel();
  #release: (() => void) | undefined; // of the leader's lock, while it is held
  #waiting = new AbortController(); // for the leader's lock
  #steals = false;
  #releaseFork: (() => void) | undefined;
  #spareTimer: ReturnType<typeof setInterval> | undefined; // while it leads

  /** Stands by for leadership from then on. */
  constructor(start: StartMessage, step: Step, files: SlotFiles) {
    this.#start = start;
    this.#step = step;
    this.#files = files;
    this.#channels = new Channels(start.key, start.tab, "leader", (bytes) =>
      this.input(leaderInputs.message(bytes)),
    );
    this.#channels.connect(start.line);
    this.#toSelf.port1.onmessage = () => this.input(leaderInputs.batchDue());
    this.#workToSelf.port1.onmessage = () => this.input(leaderInputs.work());
    const [seed = 0n] = crypto.getRandomValues(new BigInt64Array(1));
    const { tab: client, memory, schemaVersion } = start;
    const fresh = mintId(crypto);
    const keepsSnapshots = start.snapshots > 0;
    const configuration = { client, fresh, seed, memory, schemaVersion, keepsSnapshots };
    this.input(leaderInputs.configure(configuration));
    this.#requestLock();
  }

  connect(line: MessagePort): void {
    this.#channels.connect(line);
  }

  /** This tab's replica waits for the leader in vain. */
  suspect(): void {
    this.input(leaderInputs.suspected());
  }

  /** Makes a failover faster; the lead can be taken without it. */
  rehearse(): void {
    rehearse(this.#start.module).catch(() => undefined);
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
        return this.#toSelf.port2.postMessage(undefined);
      case "armWork":
        return this.#workToSelf.port2.postMessage(undefined);
      case "openFiles":
        return this.#openFiles(output.log, output.pool, output.fork, output.adopt);
      case "wantSlots":
        this.#createSlots("log", output.log);
        return this.#createSlots("pool", output.pool);
      case "keepSnapshot": {
        const { index, image } = output;
        // A full disk has no room for one.
        this.#files
          .keepSnapshot(index, image.slice(), this.#start.snapshots)
          .catch(() => undefined);
        return;
      }
      case "dropSnapshots":
        this.#files.dropSnapshots(output.before).catch(() => undefined); // they are a cache
        return;
      case "closeFiles":
        return this.#files.closeAll();
      case "releaseLock":
        return this.#release?.();
      case "stealLock":
        if (this.#release !== undefined) return; // granted meanwhile
        this.#steals = true;
        return this.#waiting.abort();
      case "askForkLock":
        return this.#askForkLock();
      case "releaseForkLock":
        return this.#releaseFork?.();
      case "role":
        clearInterval(this.#spareTimer);
        if (output.role === "leading") {
          // What cannot be deleted now is when another leader begins.
          this.#files.tidy().catch(() => undefined);
          // Not with the files: a failover would wait for it.
          void this.#files
            .newestSnapshot()
            .then((index) => this.input(leaderInputs.newestSnapshot(index)));
          this.#spareTimer = setInterval(() => this.#files.keepSpare(), kSpareIntervalMs);
        }
        return tellPage({ kind: "role", role: output.role, term: output.term });
      case "failed": {
        const error = output.error.slice().buffer;
        return tellPage({ kind: "leaderFailed", error }, [error]);
      }
    }
  }

  // Held until the module releases it; then asked for again, behind the other tabs. A lock that was
  // stolen rejects the request, and so does one's own end of waiting in order to steal it.
  #requestLock(): void {
    this.#waiting = new AbortController();
    const { signal } = this.#waiting;
    navigator.locks
      .request(
        lockNames.leader(this.#start.key),
        this.#steals ? { steal: true } : { signal },
        () => {
          this.#steals = false;
          const released = new Promise<void>((resolve) => (this.#release = resolve));
          this.input(leaderInputs.lockGranted());
          return released;
        },
      )
      .catch(() => this.input(leaderInputs.lockLost()))
      .finally(() => {
        this.#release = undefined;
        this.#requestLock();
      });
  }

  // Of one tab at a time: who finds it taken leaves the fork to that one.
  #askForkLock(): void {
    navigator.locks
      .request(lockNames.fork(this.#start.key), { ifAvailable: true }, (lock) => {
        const released = new Promise<void>((resolve) => (this.#releaseFork = resolve));
        this.input(leaderInputs.forkLock(lock !== null));
        return lock === null ? undefined : released;
      })
      .catch(() => this.input(leaderInputs.forkLock(false)));
  }

  // Handles go on working on files that were deleted with the site's data: who has only these does not lead.
  #queryLocks(): void {
    const began = performance.now();
    const { key, lifeLock } = this.#start;
    Promise.all([seeLocks(lockNames.leader(key), lifeLock), this.#files.areNamed()]).then(
      ([{ held, names, ofHolder }, named]) => {
        if (!named) {
          this.#files.abandonAll();
          return this.input(leaderInputs.lockLost());
        }
        const [holder] = ofHolder.flatMap((lock) => tabOfWorker(lock, key, "leader") ?? []);
        this.input(leaderInputs.locksSeen(began, held, tabsOf(names, key), holder));
      },
      () => this.input(leaderInputs.lockLost()),
    );
  }

  #openFiles(log: number, pool: number, fork: boolean, adopt: number): void {
    this.#files.open(log, pool, fork, adopt).then(
      (slots) => this.input(leaderInputs.filesOpened(slots)),
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
