// Client: what a page has of a store. It survives its two workers: its unanswered calls are sent again,
// with the same numbers, to the next ones.

import {
  inputs,
  several,
  type PageOutput,
  type ReplicaStatus,
  type Told,
} from "./boundary_page.js";
import type { Id, Reader, Writer } from "./bytes.js";
import { Calls, type Call } from "./calls.js";
import { TablogError } from "./errors.js";
import { Exclusive } from "./exclusive.js";
import { isVisible, listenToLifecycle } from "./lifecycle.js";
import { encodeName, lockNames, mintId, tabsOf, type Role } from "./names.js";
import type { Settings } from "./options.js";
import { compileOnce } from "./page_wasm.js";
import { requirePlatform } from "./platform.js";
import type { Schema } from "./schema.js";
import { Session, type AppendCall } from "./session.js";
import type { ClientEvent, StoreStatus } from "./status.js";
import { StatusTeller } from "./status_teller.js";
import { WorkerPair } from "./worker_pair.js";

/** Beyond so many bytes the hops that handing saves are nothing beside two copies. */
const kHandedBytesMax = 16 * 1024;
/** How long opening may go on without a sign of the leader. */
const kOpenPatienceMs = 60_000;
const kNobody: ReplicaStatus = {
  term: 0,
  generation: 0,
  leaderId: null,
  head: 0,
  durable: 0,
  applied: 0,
  checkpoint: 0,
  leaderUnresponsive: false,
};

/** `handed`: appends go to this tab's own leader, too. */
type Outgoing = (writer: Writer, handed: boolean) => void;

interface Opening {
  readonly resolve: () => void;
  readonly reject: (error: TablogError) => void;
}

export class Client {
  readonly id: Id = mintId(crypto);
  readonly exclusive = new Exclusive();
  readonly #settings: Settings<Schema>;
  readonly #emit: (event: ClientEvent) => void;
  readonly #session = new Session();
  readonly #calls = new Calls();
  readonly #status: StatusTeller;
  readonly #over = new AbortController(); // ends what listens and what is held
  #key = "";
  #tabLock: Promise<unknown> = Promise.resolve(); // until it is released
  #workers: WorkerPair | undefined;
  #opening: Opening | undefined;
  #lastSign = 0;
  #leads = false;
  #replica = kNobody;
  #noted = 0; // rollbacks and divergences that this replica worker has told of
  #outgoing: Outgoing[] = [];
  #failure: TablogError | undefined;

  constructor(settings: Settings<Schema>, emit: (event: ClientEvent) => void) {
    this.#settings = settings;
    this.#emit = emit;
    this.#status = new StatusTeller(() => this.status, emit);
  }

  get status(): StoreStatus {
    const { head, applied } = this.#replica;
    const { appended } = this.#session;
    return {
      role: this.#leads ? "leader" : "replica",
      ...this.#replica,
      head: Math.max(head, appended),
      applied: Math.max(applied, appended), // no query is answered without it
      clientId: this.id,
      pending: this.#session.pending,
      storage: this.#settings.storage,
    };
  }

  /** What this page was told of its own appends. */
  get told(): Told {
    return { index: this.#session.appended, noted: this.#noted };
  }

  /** Resolves when a session query can be answered. */
  async open(): Promise<void> {
    const { name, storage, wasmUrl } = this.#settings;
    await requirePlatform(storage);
    const inMemory = storage === "memory";
    this.#key = inMemory ? `memory:${this.id}` : await encodeName(name, crypto.subtle);
    await this.#holdTabLock();
    const ready = new Promise<void>((resolve, reject) => (this.#opening = { resolve, reject }));
    const module = compileOnce(wasmUrl);
    module.catch(() => undefined); // told by the workers that wait for it
    const workers = this.#startWorkers(module);
    const leave = (): void => (inMemory ? undefined : workers.stopLeader());
    const visible = (is: boolean): void =>
      this.#send((w) => w.frame(() => inputs.visibility(w, is)));
    listenToLifecycle({ leave, comeBack: () => workers.startLeader(), visible }, this.#over.signal);
    this.#lastSign = performance.now();
    const patience = setInterval(() => this.#checkPatience(), 1000);
    await ready.finally(() => clearInterval(patience));
  }

  append(call: AppendCall): void {
    if (this.#failure !== undefined) return call.reject(this.#failure.withOutcome("none"));
    this.#session.add(call);
    this.#send((writer, handed) => this.#session.write(writer, call, handed));
    this.#status.changed();
  }

  withdraw(call: AppendCall): void {
    const again = this.#session.withdraw(call);
    if (again !== undefined) this.#send(again);
    this.#status.changed();
  }

  /** Returns what forgets the call. */
  call(call: Call): () => void {
    if (this.#failure !== undefined) {
      call.reject(this.#failure);
      return () => undefined;
    }
    const id = this.#calls.add(call);
    this.#send((writer) => this.#calls.write(writer, id));
    return () => {
      if (!this.#calls.forget(id)) return;
      this.#send((writer) => writer.frame(() => inputs.forget(writer, id)));
    };
  }

  /** The encoded name of the store. */
  get key(): string {
    return this.#key;
  }

  tell(write: (writer: Writer) => void): void {
    if (this.#failure === undefined) this.#send((writer) => writer.frame(() => write(writer)));
  }

  /** The tabs that have the store open, by their locks. */
  async liveTabs(): Promise<Id[]> {
    const { held = [] } = await navigator.locks.query();
    const names = held.map((lock) => lock.name);
    return tabsOf(names, this.#key);
  }

  /** One of the page's stores has closed with these appends still pending. */
  disown(appends: ReadonlySet<AppendCall>, error: TablogError): void {
    this.#session.disown(appends, error);
    this.#status.changed();
  }

  /**
   * Tells the leader that this session is over; nothing of it is pending. A tab that leads leaves the database
   * in one piece, with nothing for the next leader to replay. Best effort.
   */
  async closeSession(timeoutMs: number): Promise<void> {
    const giveUpAt = performance.now() + timeoutMs;
    if (this.#leads) await this.#asked(inputs.checkpoint, timeoutMs);
    await this.#asked(inputs.close, giveUpAt - performance.now());
  }

  // When it is answered, or the time is over.
  async #asked(write: Call["write"], timeoutMs: number): Promise<void> {
    if (this.#failure !== undefined || timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.call({ write, reply: done, reject: done });
    });
  }

  /** Ends both workers and gives the tab's lock back; what is unanswered is rejected. */
  shutDown(error: TablogError): void {
    this.#failure ??= error;
    this.#opening?.reject(error);
    this.#opening = undefined;
    this.#workers?.stop();
    this.#over.abort();
    this.#session.abandon(error);
    this.#calls.abandon(error);
  }

  /** After shutDown(), when nobody sees this tab any more. */
  async gone(): Promise<void> {
    await this.#tabLock.catch(() => undefined);
  }

  // Granted before the first append is sent: its absence is what closes the session.
  #holdTabLock(): Promise<void> {
    const { signal } = this.#over;
    const released = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    return new Promise((granted, refused) => {
      const hold = (): Promise<void> => {
        granted();
        return released;
      };
      this.#tabLock = navigator.locks.request(lockNames.tab(this.#key, this.id), hold);
      this.#tabLock.catch(refused);
    });
  }

  #startWorkers(module: Promise<WebAssembly.Module>): WorkerPair {
    const workers = new WorkerPair({
      settings: this.#settings,
      key: this.#key,
      tab: this.id,
      module,
      onReplicaUp: () => this.#replicaUp(),
      onOutput: (output) => this.#act(output),
      onLeads: (leads) => {
        this.#leads = leads;
        this.#session.relay();
        this.#status.changed();
      },
      onLeaderSign: () => (this.#lastSign = performance.now()),
      onLeaderFailed: (error) => this.#leaderFailed(error),
      onLeaderDown: (error) => {
        if (this.#settings.storage === "memory") this.#fail(lostMemory(error));
      },
      onGivenUp: (role, error) => this.#givenUp(role, error),
    });
    this.#workers = workers;
    workers.start();
    return workers;
  }

  // Calls of one task go in one message.
  #send(write: Outgoing): void {
    if (this.#outgoing.push(write) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (this.#workers?.replicaUp !== true) return; // a new worker gets all that is open
    const handed = this.#canHand();
    const input = several((writer) => outgoing.forEach((write) => write(writer, handed)));
    if (input === undefined) return;
    if (handed) this.#workers.hand(input);
    this.#workers.post(input);
  }

  // An append's shortest way, where this tab leads and its replica worker follows that leader already.
  #canHand(): boolean {
    if (!this.#leads || this.#replica.leaderId !== this.id || !this.#session.clear) return false;
    const bytes = this.#session.unsentBytes;
    return bytes > 0 && bytes <= kHandedBytesMax;
  }

  #replicaUp(): void {
    this.#noted = 0;
    const input = several((writer) => {
      writer.frame(() => inputs.visibility(writer, isVisible()));
      this.#session.writeAll(writer);
      this.#calls.writeAll(writer);
    });
    if (input !== undefined) this.#workers?.post(input);
  }

  #act(output: PageOutput): void {
    switch (output.kind) {
      case "settled":
        this.#session.settle(output.number, output.result);
        return this.#status.changed();
      case "reply":
        return this.#calls.reply(output.call, output.result);
      case "watched":
        return this.#watched(output.call, output.rows, output.hash);
      case "chunk":
        return this.#calls.chunk(output.call, output.offset, output.bytes);
      case "status":
        this.#replica = output.status;
        this.#lastSign = performance.now();
        return this.#status.changed();
      case "ready":
        this.#opening?.resolve();
        this.#opening = undefined;
        if (!this.#leads) this.#workers?.rehearse();
        return;
      case "suspects":
        return this.#workers?.suspect();
      case "failed":
        return this.#failed(output.error);
      case "progress":
        this.#lastSign = performance.now();
        return this.#settings.onProgress?.({ done: output.done, total: output.total });
      case "rollback":
      case "divergence":
        this.#noted += 1;
        this.#session.forgetAppended();
        return this.#emit(output);
    }
  }

  #watched(call: number, rows: Reader, hash: Id): void {
    if (this.#calls.watched(call, rows, hash))
      this.#send((writer) => writer.frame(() => inputs.heard(writer, call)));
  }

  #failed(error: TablogError): void {
    this.#settings.logger?.error(`tablog: ${error.code}: ${error.message}`);
    if (this.#opening !== undefined) this.shutDown(error);
    else this.#emit({ kind: "error", error });
  }

  #fail(error: TablogError): void {
    if (this.#opening === undefined) this.#emit({ kind: "error", error });
    this.shutDown(error);
  }

  // Of a leader that led: its state was wrong, and is made anew. One that cannot begin tells the replicas, this
  // tab's too.
  #leaderFailed(error: TablogError): void {
    if (this.#leads && error.code === "Corrupt" && this.#opening === undefined)
      this.#emit({ kind: "error", error });
  }

  // Without a leader worker a tab that is open goes on as a replica of another's.
  #givenUp(role: Role, error: TablogError): void {
    const goesOn = role === "leader" && this.#opening === undefined;
    if (!goesOn || this.#settings.storage === "memory") return this.#fail(error);
    this.#settings.logger?.error(`tablog: this tab cannot lead any more: ${error.message}`);
    this.#emit({ kind: "error", error });
  }

  #checkPatience(): void {
    if (performance.now() - this.#lastSign < kOpenPatienceMs) return;
    const words =
      "no leader answers; a tab of this origin may be suspended: close it and try again";
    this.#failed(new TablogError("LeaderUnresponsive", words));
  }
}

function lostMemory(cause: TablogError): TablogError {
  const words = 'the worker that held this storage: "memory" store has ended, and its data with it';
  return new TablogError("StorageUnavailable", words, { cause });
}
