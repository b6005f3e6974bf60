// Past: a store as of an earlier index, in a worker of its own: the nearest snapshot, and the entries after it.

import type { Parameters } from "./arguments.js";
import { decodePageOutput } from "./boundary_page.js";
import { readDigests, readRows, type StateDigests } from "./boundary_results.js";
import { Reader, Writer, encode, frames } from "./bytes.js";
import { TablogError, wordsOf } from "./errors.js";
import { endOf, lockNames, mintId } from "./names.js";
import type { Progress } from "./options.js";
import { compileOnce } from "./page_wasm.js";
import { writeStatement } from "./payload.js";
import { aborted } from "./session.js";
import { Snapshots } from "./snapshots.js";
import type { ColumnValue } from "./values.js";
import type { FromWorker, ToWorker } from "./worker_protocol.js";

const kHelloPatienceMs = 20_000;

/** How `store.at` goes about it. */
export interface AtOptions {
  readonly signal?: AbortSignal;
  /** Of the entries that have to be applied. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface PastSource {
  readonly index: number;
  readonly key: string;
  readonly generation: number;
  /** Else the whole log is replayed. */
  readonly usesSnapshots: boolean;
  readonly wasmUrl: string;
  readonly workerUrl: string;
  /** Encoded entries from an index on, as many as one message brings: `list(bytes)`, and the index after them (0: the end). */
  readonly read: (from: number) => Promise<{ entries: Uint8Array[]; next: number }>;
  /** The state that a compacted log begins with, in pieces. */
  readonly base: () => Promise<Uint8Array[]>;
}

const inputs = { begin: 0, entries: 1, query: 2, digests: 3 } as const;

/** A store as it was at an index: only to be read. It holds a worker until it is closed. */
export class PastStore {
  /** The last entry that it has. */
  readonly index: number;
  readonly #worker: PastWorker;

  private constructor(index: number, worker: PastWorker) {
    this.index = index;
    this.#worker = worker;
  }

  /** @internal Use `store.at`. */
  static async open(source: PastSource, { signal, onProgress }: AtOptions): Promise<PastStore> {
    const worker = new PastWorker(source.workerUrl, await compileOnce(source.wasmUrl));
    const abort = (): void => worker.end(aborted(signal?.reason));
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    try {
      const from = await begin(worker, source);
      await replay(worker, source, from, onProgress);
      return new PastStore(source.index, worker);
    } catch (thrown) {
      worker.end(closed());
      throw thrown;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** As `store.query`. @throws TablogError `QueryFailed`, `InvalidArgument`, `Closed`, `LoadFailed` */
  async query<Row = Record<string, ColumnValue>>(sql: string, params?: Parameters): Promise<Row[]> {
    const statement = encode((w) => writeStatement(w, sql, params));
    return readRows(await this.#worker.ask(inputs.query, (w) => w.raw(statement))) as Row[];
  }

  /** @internal Recomputed from the rows. */
  async digests(): Promise<StateDigests> {
    return readDigests(await this.#worker.ask(inputs.digests, () => undefined));
  }

  /** Ends its worker. */
  async close(): Promise<void> {
    this.#worker.end(closed());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

// The index that it begins with: of the nearest snapshot that verifies, or 0.
async function begin(worker: PastWorker, source: PastSource): Promise<number> {
  const { key, generation, index } = source;
  const snapshots = new Snapshots(key);
  const indexes = source.usesSnapshots ? await snapshots.indexes(generation) : [];
  for (const nearest of indexes.filter((each) => each <= index)) {
    const image = await snapshots.read(generation, nearest);
    if (image === undefined) continue;
    try {
      return (await worker.ask(inputs.begin, (w) => w.bytes(image))).u64();
    } catch (thrown) {
      if (!(thrown instanceof TablogError) || thrown.code !== "Corrupt") throw thrown; // else it is torn
    }
  }
  return (await worker.ask(inputs.begin, (w) => w.bytes(new Uint8Array()))).u64();
}

async function replay(
  worker: PastWorker,
  { index, read, base }: PastSource,
  from: number,
  onProgress: AtOptions["onProgress"],
): Promise<void> {
  let applied = from;
  let compacted = 0; // the log's first index, as it was told last
  // It may go back to nothing: where the state was made anew from all events (docs/guide/evolution.md).
  while (applied < index) {
    const page = await read(applied + 1).catch(compactedFrom);
    if (page instanceof TablogError) {
      // A later one may have gone on since: each time there is less to replay.
      const { index: first = 0 } = page;
      if (first <= compacted || first > index + 1) throw page;
      compacted = first;
      const image = new Uint8Array(await new Blob((await base()) as BlobPart[]).arrayBuffer());
      applied = (await worker.ask(inputs.begin, (w) => w.bytes(image))).u64();
      if (applied > index) throw page;
      continue;
    }
    const { entries } = page;
    if (entries.length === 0) {
      const words = `the log ends at index ${applied}; there is no ${index} yet`;
      throw new TablogError("InvalidArgument", words);
    }
    const reply = await worker.ask(inputs.entries, (w) => {
      w.u64(index);
      w.list(entries, (entry) => w.bytes(entry));
    });
    const now = reply.u64();
    if (now < applied) compacted = 0; // made anew: the base once more
    applied = now;
    onProgress?.({ done: Math.max(0, applied - from), total: index - from });
  }
}

/** What says that the entries are not in the log any more; anything else is thrown on. */
function compactedFrom(thrown: unknown): TablogError {
  if (thrown instanceof TablogError && thrown.code === "Compacted") return thrown;
  throw thrown;
}

interface Asked {
  readonly resolve: (reply: Reader) => void;
  readonly reject: (error: TablogError) => void;
}

class PastWorker {
  readonly #worker: Worker;
  readonly #lifeLock = lockNames.call(mintId(crypto));
  readonly #asked = new Map<number, Asked>();
  readonly #patience: ReturnType<typeof setTimeout>;
  #early: Uint8Array[] | undefined = []; // inputs from before the hello: the module does not stand yet
  #last = 0;
  #ended: TablogError | undefined;

  constructor(url: string, module: WebAssembly.Module) {
    this.#worker = new Worker(url, { type: "module", name: "tablog past" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.end(loadFailed(event.message));
    };
    this.#patience = setTimeout(() => this.end(loadFailed("it does not answer")), kHelloPatienceMs);
    this.#post({ kind: "startPast", lifeLock: this.#lifeLock, module });
  }

  ask(kind: number, write: (w: Writer) => void): Promise<Reader> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const call = (this.#last += 1);
      this.#asked.set(call, { resolve, reject });
      const input = encode((w) => {
        w.u8(kind);
        w.u32(call);
        write(w);
      });
      if (this.#early === undefined) this.#post({ kind: "input", input });
      else this.#early.push(input);
    });
  }

  end(error: TablogError): void {
    this.#ended ??= error;
    clearTimeout(this.#patience);
    this.#worker.terminate();
    for (const { reject } of this.#asked.values()) reject(this.#ended);
    this.#asked.clear();
  }

  #heard(message: FromWorker): void {
    if (message.kind === "hello") return this.#stands();
    if (message.kind === "fatal") return this.end(loadFailed(message.message));
    if (message.kind !== "outputs") return;
    for (const bytes of frames(new Uint8Array(message.sequence))) {
      const output = decodePageOutput(bytes);
      if (output.kind !== "reply") continue;
      const asked = this.#asked.get(output.call);
      this.#asked.delete(output.call);
      if (output.result instanceof TablogError) asked?.reject(output.result);
      else asked?.resolve(output.result);
    }
  }

  #stands(): void {
    clearTimeout(this.#patience);
    void endOf(this.#lifeLock).then(() => this.end(loadFailed("it has ended")));
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const input of early) this.#post({ kind: "input", input });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function closed(): TablogError {
  return new TablogError("Closed", "this store of the past is closed");
}

function loadFailed(thrown: unknown): TablogError {
  return new TablogError("LoadFailed", `the worker of a past state failed: ${wordsOf(thrown)}`);
}
