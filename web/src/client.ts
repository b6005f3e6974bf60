// Client: what a page has of a store. It survives its two workers: their unanswered calls are sent
// again, with the same numbers, to the next ones.

import {
  decodeReplicaOutput,
  inputs,
  readError,
  several,
  type ReplicaOutput,
  type ReplicaStatus,
} from "./boundary_page.js";
import { Reader, Writer, encode, frames, type Id } from "./bytes.js";
import { Calls, type Call } from "./calls.js";
import { TablogError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { isVisible, listenToLifecycle } from "./lifecycle.js";
import { Lines } from "./lines.js";
import { encodeName, lockNames, mintId, tabsOf, type Role } from "./names.js";
import type { Settings } from "./options.js";
import { compileOnce } from "./page_wasm.js";
import { requirePlatform } from "./platform.js";
import type { Schema } from "./schema.js";
import { Session, type AppendCall } from "./session.js";
import type { ClientEvent, StoreStatus } from "./status.js";
import { WorkerKeeper } from "./worker_keeper.js";
import type { LifeOptions } from "./worker_life.js";
import type { FromWorker } from "./worker_protocol.js";

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

export class Client {
  readonly id: Id = mintId(crypto);
  readonly settings: Settings<Schema>;
  readonly #emit: (event: ClientEvent) => void;
  readonly #session = new Session();
  readonly #calls = new Calls();
  readonly #lines = new Lines();
  readonly #replica: WorkerKeeper;
  readonly #leader: WorkerKeeper;
  readonly #heartbeat: Heartbeat;
  readonly #over = new AbortController(); // ends what listens and what is held
  #key = "";
  #module: Promise<WebAssembly.Module> | undefined;
  #ready:
    { readonly resolve: () => void; readonly reject: (error: TablogError) => void } | undefined;
  #leads = false;
  #replicaStatus = kNobody;
  #toldStatus: StoreStatus | undefined;
  #statusDue = false;
  #outgoing: ((writer: Writer) => void)[] = [];
  #failure: TablogError | undefined;
  #lastSign = 0;

  constructor(settings: Settings<Schema>, emit: (event: ClientEvent) => void) {
    this.settings = settings;
    this.#emit = emit;
    this.#replica = this.#keeper("replica", {
      onUp: () => this.#replicaUp(),
      onGivenUp: (error) => this.#fail(error),
    });
    this.#leader = this.#keeper("leader", {
      onUp: () => undefined,
      onGivenUp: (error) => this.#leaderGivenUp(error),
    });
    this.#heartbeat = new Heartbeat(
      (count) => this.#leader.post({ kind: "ping", count }),
      (ms) => this.#leader.replace(unanswering(ms)),
    );
  }

  get status(): StoreStatus {
    return {
      role: this.#leads ? "leader" : "replica",
      ...this.#replicaStatus,
      clientId: this.id,
      pending: this.#session.pending,
      storage: this.settings.storage,
    };
  }

  /** Resolves when a session query can be answered. */
  async open(): Promise<void> {
    const { name, storage, wasmUrl } = this.settings;
    await requirePlatform(storage);
    this.#key = storage === "memory" ? `memory:${this.id}` : await encodeName(name, crypto.subtle);
    await this.#holdTabLock();
    const ready = new Promise<void>((resolve, reject) => (this.#ready = { resolve, reject }));
    this.#module = compileOnce(wasmUrl);
    this.#module.catch(() => undefined); // told by the workers' lives
    this.#replica.start();
    this.#leader.start();
    const { signal } = this.#over;
    listenToLifecycle(
      {
        leave: () => (storage === "opfs" ? this.#stopLeading() : undefined),
        comeBack: () => this.#leader.start(),
        visible: (visible) => this.#send((w) => w.frame(() => inputs.visibility(w, visible))),
      },
      signal,
    );
    const patience = setInterval(() => this.#checkPatience(), 1000);
    this.#lastSign = performance.now();
    await ready.finally(() => clearInterval(patience));
  }

  append(call: AppendCall): void {
    if (this.#failure !== undefined) return call.reject(this.#failure.withOutcome("none"));
    this.#session.add(call);
    this.#send((writer) => this.#session.write(writer, call));
    this.#statusChanged();
  }

  withdraw(call: AppendCall): void {
    const again = this.#session.withdraw(call);
    if (again !== undefined) this.#send(again);
    this.#statusChanged();
  }

  /** Returns what forgets the call; false if it has been answered before. */
  call(call: Call): () => boolean {
    if (this.#failure !== undefined) {
      call.reject(this.#failure);
      return () => false;
    }
    const id = this.#calls.add(call);
    this.#send((writer) => this.#calls.write(writer, id));
    return () => {
      const open = this.#calls.forget(id);
      if (open) this.#send((writer) => writer.frame(() => inputs.forget(writer, id)));
      return open;
    };
  }

  /** The tabs that have the store open, by their locks. */
  async liveTabs(): Promise<Id[]> {
    const { held = [] } = await navigator.locks.query();
    return tabsOf(
      held.map((lock) => lock.name),
      this.#key,
    );
  }

  /** One of the page's stores has closed with these appends still pending. */
  disown(appends: ReadonlySet<AppendCall>, error: TablogError): void {
    this.#session.disown(new Set(appends), error);
    this.#statusChanged();
  }

  /** Tells the leader that this session is over; nothing of it is pending. Best effort. */
  async closeSession(timeoutMs: number): Promise<void> {
    if (this.#failure !== undefined || timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.call({ write: inputs.close, reply: done, reject: done });
    });
  }

  /** Ends both workers and gives the tab's lock back; what is unanswered is rejected. */
  shutDown(error: TablogError): void {
    this.#failure ??= error;
    this.#ready?.reject(error);
    this.#heartbeat.stop();
    this.#replica.stop();
    this.#leader.stop();
    this.#over.abort();
    this.#session.abandon(error);
    this.#calls.abandon(error);
  }

  // Granted before the first append is sent: its absence is what closes the session.
  #holdTabLock(): Promise<void> {
    return new Promise((granted, refused) => {
      const released = new Promise<void>((resolve) =>
        this.#over.signal.addEventListener("abort", () => resolve()),
      );
      navigator.locks
        .request(lockNames.tab(this.#key, this.id), () => {
          granted();
          return released;
        })
        .catch(refused);
    });
  }

  #keeper(
    role: Role,
    events: { readonly onUp: () => void; readonly onGivenUp: (error: TablogError) => void },
  ): WorkerKeeper {
    const keeper: WorkerKeeper = new WorkerKeeper({
      begin: (life) => this.#begin(role, life),
      onUp: () => {
        this.#offerLine(role);
        events.onUp();
      },
      onMessage: (message) => this.#heard(message),
      onDown: (error) => {
        this.settings.logger?.warn(`tablog: the ${role} worker is started again: ${error.message}`);
        if (role === "leader") this.#leaderDown(error);
      },
      onGivenUp: events.onGivenUp,
    });
    return keeper;
  }

  #begin(role: Role, life: number): Omit<LifeOptions, "onMessage" | "onEnd"> {
    const { replica, replicaMaxBytes, schema, storage, workerUrl } = this.settings;
    const configure = { client: this.id, replica, replicaMaxBytes, schema };
    return {
      url: workerUrl,
      locks: navigator.locks,
      module: this.#module ?? Promise.reject(new Error("not opened")),
      start: {
        role,
        key: this.#key,
        tab: this.id,
        lifeLock: lockNames.worker(this.#key, this.id, role, life),
        memory: storage === "memory",
        line: this.#lines.take(role, (sibling) => this.#offerLine(sibling)),
        configuration: encode((w) => inputs.configure(w, configure)).buffer,
      },
    };
  }

  #offerLine(role: Role): void {
    const keeper = role === "replica" ? this.#replica : this.#leader;
    const line = keeper.up ? this.#lines.claim(role) : undefined;
    if (line !== undefined) keeper.post({ kind: "line", line }, [line]);
  }

  // Calls of one task go in one message.
  #send(write: (writer: Writer) => void): void {
    if (this.#outgoing.push(write) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (!this.#replica.up) return; // a new worker gets all that is open
    this.#post((writer) => outgoing.forEach((write) => write(writer)));
  }

  #post(write: (writer: Writer) => void): void {
    const input = several(write)?.buffer;
    if (input !== undefined) this.#replica.post({ kind: "input", input }, [input]);
  }

  #replicaUp(): void {
    this.#post((writer) => {
      writer.frame(() => inputs.visibility(writer, isVisible()));
      this.#session.writeAll(writer);
      this.#calls.writeAll(writer);
    });
  }

  #heard(message: FromWorker): void {
    switch (message.kind) {
      case "outputs":
        for (const output of frames(new Uint8Array(message.sequence)))
          this.#act(decodeReplicaOutput(output));
        return;
      case "role":
        this.settings.logger?.debug(`tablog: leader worker ${message.role}, term ${message.term}`);
        this.#lastSign = performance.now();
        return this.#setLeads(message.role === "leading");
      case "leaderFailed": {
        const error = readError(new Reader(new Uint8Array(message.error)));
        this.settings.logger?.error(`tablog: cannot lead: ${error.message}`);
        return;
      }
      case "pong":
        return this.#heartbeat.answered(message.count);
      case "hello":
      case "fatal":
        return; // its life's
    }
  }

  #act(output: ReplicaOutput): void {
    switch (output.kind) {
      case "settled":
        this.#session.settle(output.number, output.result);
        return this.#statusChanged();
      case "reply":
        return this.#calls.reply(output.call, output.result);
      case "chunk":
        return this.#calls.chunk(output.call, output.bytes);
      case "status":
        this.#replicaStatus = output.status;
        this.#lastSign = performance.now();
        return this.#statusChanged();
      case "ready":
        this.#ready?.resolve();
        this.#ready = undefined;
        return;
      case "failed":
        return this.#failed(output.error);
      case "progress":
        this.#lastSign = performance.now();
        return this.settings.onProgress?.({ done: output.done, total: output.total });
      case "rollback":
      case "divergence":
        return this.#emit(output);
    }
  }

  #failed(error: TablogError): void {
    this.settings.logger?.error(`tablog: ${error.code}: ${error.message}`);
    if (this.#ready !== undefined) this.shutDown(error);
    else this.#emit({ kind: "error", error });
  }

  #fail(error: TablogError): void {
    if (this.#ready === undefined) this.#emit({ kind: "error", error });
    this.shutDown(error);
  }

  #setLeads(leads: boolean): void {
    this.#leads = leads;
    if (leads) this.#heartbeat.start();
    else this.#heartbeat.stop();
    this.#statusChanged();
  }

  #stopLeading(): void {
    this.#leader.stop();
    this.#setLeads(false);
  }

  #leaderDown(error: TablogError): void {
    this.#setLeads(false);
    if (this.settings.storage === "memory") this.#fail(lostMemory(error));
  }

  // Without a leader worker this tab goes on as a replica of another's.
  #leaderGivenUp(error: TablogError): void {
    this.#setLeads(false);
    if (this.#ready !== undefined || this.settings.storage === "memory") return this.#fail(error);
    this.settings.logger?.error(`tablog: this tab cannot lead any more: ${error.message}`);
    this.#emit({ kind: "error", error });
  }

  #checkPatience(): void {
    if (performance.now() - this.#lastSign < kOpenPatienceMs) return;
    const words =
      "no leader answers; another tab of this origin may be suspended: close it and try again";
    this.#failed(new TablogError("LeaderUnresponsive", words));
  }

  // Changes of one task are told as one.
  #statusChanged(): void {
    if (this.#statusDue) return;
    this.#statusDue = true;
    queueMicrotask(() => {
      this.#statusDue = false;
      this.#tellStatus();
    });
  }

  #tellStatus(): void {
    const now = this.status;
    const before = this.#toldStatus;
    const changed = (Object.keys(now) as (keyof StoreStatus)[]).some(
      (field) => now[field] !== before?.[field],
    );
    if (!changed) return;
    this.#toldStatus = now;
    this.#emit({ kind: "statuschange", status: now });
    if (now.leaderId !== (before?.leaderId ?? null) || now.term !== (before?.term ?? 0)) {
      this.#emit({ kind: "leaderchange", leaderId: now.leaderId, term: now.term });
    }
  }
}

function unanswering(ms: number): TablogError {
  return new TablogError(
    "LeaderUnresponsive",
    `the leader worker did not answer for ${Math.round(ms / 1000)} s`,
  );
}

function lostMemory(cause: TablogError): TablogError {
  const words = 'the worker that held this storage: "memory" store has ended, and its data with it';
  return new TablogError("StorageUnavailable", words, { cause });
}
