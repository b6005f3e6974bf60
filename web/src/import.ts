// The page's side of an import: a worker makes the files, the leader of the store takes them.

import type { TablogErrorCode } from "./errors.js";
import { TablogError } from "./errors.js";
import { endOf, lockNames, mintId } from "./names.js";
import type { Progress } from "./options.js";
import { compileOnce } from "./page_wasm.js";
import { aborted } from "./session.js";
import type { FromWorker, StartImport } from "./worker_protocol.js";

const kEnded = "the worker of an import has ended; nothing has changed: try again";

/** How `importLog` and `importDatabase` go about it. */
export interface ImportOptions {
  readonly signal?: AbortSignal;
  /** `done` of `total`, in parts of the work. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface ImportSource {
  readonly what: "log" | "database";
  readonly blob: Blob;
  readonly name: string;
  readonly key: string;
  readonly schema: ArrayBuffer;
  readonly wasmUrl: string;
  readonly workerUrl: string;
}

/** The generation that was made. @throws TablogError what is wrong with the file, or with the storage */
export async function makeGeneration(
  { wasmUrl, workerUrl, ...source }: ImportSource,
  { signal, onProgress }: ImportOptions,
): Promise<number> {
  const module = await compileOnce(wasmUrl);
  const lifeLock = lockNames.call(mintId(crypto));
  const url = new URL("importer.js", workerUrl);
  const worker = new Worker(url, { type: "module", name: "tablog import" });
  try {
    return await new Promise<number>((resolve, reject) => {
      const fail = (code: TablogErrorCode, words: string): void =>
        reject(new TablogError(code, words));
      const abort = (): void => reject(aborted(signal?.reason));
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted === true) abort();
      worker.onerror = (event) => {
        event.preventDefault();
        fail("LoadFailed", `the worker of an import failed: ${event.message}`);
      };
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind === "hello") void endOf(lifeLock).then(() => fail("LoadFailed", kEnded));
        else if (data.kind === "imported") resolve(data.generation);
        else if (data.kind === "importProgress")
          onProgress?.({ done: data.done, total: data.total });
        else if (data.kind === "importFailed")
          reject(new TablogError(data.code, data.message, data));
        else if (data.kind === "fatal") fail("LoadFailed", data.message);
      };
      const start: StartImport = { kind: "startImport", lifeLock, module, ...source };
      worker.postMessage(start);
    });
  } finally {
    worker.terminate();
  }
}

/** Among all tabs: what is not adopted would be in the next one's way. @throws TablogError `Aborted` */
export async function oneAtATime<T>(
  key: string,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  if (signal?.aborted === true) throw aborted(signal.reason);
  const options = signal === undefined ? {} : { signal };
  return navigator.locks.request(lockNames.import(key), options, run).catch((thrown: unknown) => {
    throw thrown instanceof TablogError ? thrown : aborted(thrown);
  }) as Promise<T>;
}

/** One that no leader will take: what cannot be deleted now is by a later leader. */
export async function discardGeneration(key: string, generation: number): Promise<void> {
  try {
    let directory = await navigator.storage.getDirectory();
    for (const name of ["tablog", key]) directory = await directory.getDirectoryHandle(name);
    await directory.removeEntry(`g${generation}`, { recursive: true });
  } catch {
    return;
  }
}
