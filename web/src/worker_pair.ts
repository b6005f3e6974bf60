// WorkerPair: a tab's two workers, kept going, with a line between them and a watch over the leader's.

import { decodePageOutput, inputs, readError, type PageOutput } from "./boundary_page.js";
import { Reader, encode, frames, type Id } from "./bytes.js";
import { TablogError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { Lines } from "./lines.js";
import { lockNames, type Role } from "./names.js";
import type { Settings } from "./options.js";
import type { Schema } from "./schema.js";
import { WorkerKeeper } from "./worker_keeper.js";
import type { LifeOptions } from "./worker_life.js";
import type { FromWorker } from "./worker_protocol.js";

/** Copying so many bytes takes less than to transfer their buffer. */
const kCopiedBytesMax = 64 * 1024;
/** Another tab's leader begins meanwhile: starting a worker at once would take the processor from it. */
const kPauseOfLeaderMs = 50;

export interface PairOptions {
  readonly settings: Settings<Schema>;
  /** The encoded name of the store. */
  readonly key: string;
  readonly tab: Id;
  readonly module: Promise<WebAssembly.Module>;
  /** A new replica worker answers from here on, and knows nothing yet. */
  readonly onReplicaUp: () => void;
  readonly onOutput: (output: PageOutput) => void;
  readonly onLeads: (leads: boolean) => void;
  /** The leader worker does something: opening may take its time. */
  readonly onLeaderSign: () => void;
  /** It cannot begin to lead, or steps down. */
  readonly onLeaderFailed: (error: TablogError) => void;
  readonly onLeaderDown: (error: TablogError) => void;
  readonly onGivenUp: (role: Role, error: TablogError) => void;
}

export class WorkerPair {
  readonly #options: PairOptions;
  readonly #lines = new Lines();
  readonly #replica: WorkerKeeper;
  readonly #leader: WorkerKeeper;
  readonly #heartbeat: Heartbeat;

  constructor(options: PairOptions) {
    this.#options = options;
    this.#replica = this.#keeper("replica", options.onReplicaUp);
    this.#leader = this.#keeper("leader", () => undefined);
    this.#heartbeat = new Heartbeat(
      (count) => this.#leader.post({ kind: "ping", count }),
      (ms) => this.#leader.replace(unanswering(ms)),
    );
  }

  /** Whether the replica worker takes inputs now. */
  get replicaUp(): boolean {
    return this.#replica.up;
  }

  start(): void {
    this.#replica.start();
    this.#leader.start();
  }

  stop(): void {
    this.#replica.stop();
    this.stopLeader();
  }

  startLeader(): void {
    this.#leader.start();
  }

  stopLeader(): void {
    this.#leader.stop();
    this.#setLeads(false);
  }

  /** To the replica worker. */
  post(input: Uint8Array<ArrayBuffer>): void {
    const large = input.byteLength > kCopiedBytesMax;
    this.#replica.post({ kind: "input", input }, large ? [input.buffer] : []);
  }

  /** To the leader worker, which takes the appends in it that are marked as handed. */
  hand(input: Uint8Array): void {
    this.#leader.post({ kind: "input", input });
  }

  /** The leader does not answer: this tab's leader worker looks whether it is stopped, and takes its place. */
  suspect(): void {
    this.#leader.post({ kind: "suspect" });
  }

  /** To the leader worker: another tab leads, and this one may have to follow it at any time. */
  rehearse(): void {
    this.#leader.post({ kind: "rehearse" });
  }

  #keeper(role: Role, onUp: () => void): WorkerKeeper {
    const { settings, onGivenUp, onLeaderDown } = this.#options;
    return new WorkerKeeper({
      pauseMs: role === "leader" ? kPauseOfLeaderMs : 0,
      begin: (life) => this.#begin(role, life),
      onUp: () => {
        this.#offerLine(role);
        onUp();
      },
      onMessage: (message) => this.#heard(message),
      onDown: (error) => {
        settings.logger?.warn(`tablog: the ${role} worker is started again: ${error.message}`);
        if (role === "replica") return;
        this.#setLeads(false);
        onLeaderDown(error);
      },
      onGivenUp: (error) => {
        if (role === "leader") this.#setLeads(false);
        onGivenUp(role, error);
      },
    });
  }

  #begin(role: Role, life: number): Omit<LifeOptions, "onMessage" | "onEnd"> {
    const { settings, key, tab, module } = this.#options;
    const { schema, storage, workerUrl } = settings;
    const configuration = { client: tab, ...settings };
    return {
      url: workerUrl,
      locks: navigator.locks,
      module,
      start: {
        role,
        name: settings.name,
        key,
        tab,
        lifeLock: lockNames.worker(key, tab, role, life),
        memory: storage === "memory",
        schemaVersion: schema.version,
        snapshots: settings.snapshots,
        line: this.#lines.take(role, (sibling) => this.#offerLine(sibling)),
        configuration: encode((w) => inputs.configure(w, configuration)).buffer,
      },
    };
  }

  #offerLine(role: Role): void {
    const keeper = role === "replica" ? this.#replica : this.#leader;
    const line = keeper.up ? this.#lines.claim(role) : undefined;
    if (line !== undefined) keeper.post({ kind: "line", line }, [line]);
  }

  #heard(message: FromWorker): void {
    const { settings, onOutput, onLeaderSign, onLeaderFailed } = this.#options;
    switch (message.kind) {
      case "outputs":
        for (const output of frames(new Uint8Array(message.sequence))) {
          onOutput(decodePageOutput(output));
        }
        return;
      case "role":
        settings.logger?.debug(`tablog: leader worker ${message.role}, term ${message.term}`);
        onLeaderSign();
        return this.#setLeads(message.role === "leading");
      case "leaderFailed": {
        const error = readError(new Reader(new Uint8Array(message.error)));
        settings.logger?.error(`tablog: cannot lead: ${error.message}`);
        return onLeaderFailed(error);
      }
      case "pong":
        return this.#heartbeat.answered(message.count);
      case "hello":
      case "fatal":
        return; // its life's
    }
  }

  #setLeads(leads: boolean): void {
    if (leads) this.#heartbeat.start();
    else this.#heartbeat.stop();
    this.#options.onLeads(leads);
  }
}

function unanswering(ms: number): TablogError {
  const words = `the leader worker did not answer for ${Math.round(ms / 1000)} s`;
  return new TablogError("LeaderUnresponsive", words);
}
