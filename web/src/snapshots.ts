// Snapshots of the state at earlier indexes, so that a past state need not be made from the whole log: files beside a
// generation's log, named by their index. A cache: each is verified when it is opened, and a missing or a torn one costs
// time only.

import { isDomException } from "./errors.js";

export class Snapshots {
  readonly #key: string;

  /** `key`: the encoded name of the store. */
  constructor(key: string) {
    this.#key = key;
  }

  /** Descending. Empty where there is nothing to be read. */
  async indexes(generation: number): Promise<number[]> {
    const indexes: number[] = [];
    try {
      for await (const name of (await this.directory(generation, false)).keys()) {
        if (/^[1-9]\d{0,15}$/.test(name)) indexes.push(Number(name));
      }
    } catch {
      return []; // none yet
    }
    return indexes.sort((a, b) => b - a);
  }

  /** Undefined where it has gone meanwhile. */
  async read(generation: number, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const directory = await this.directory(generation, false);
      const file = await (await directory.getFileHandle(String(index))).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (thrown) {
      if (isDomException(thrown, "NotFoundError") || isDomException(thrown, "NotReadableError"))
        return undefined;
      throw thrown;
    }
  }

  async directory(generation: number, create: boolean): Promise<FileSystemDirectoryHandle> {
    let directory = await navigator.storage.getDirectory();
    for (const name of ["tablog", this.#key, `g${generation}`])
      directory = await directory.getDirectoryHandle(name);
    return directory.getDirectoryHandle("snapshots", { create });
  }
}
