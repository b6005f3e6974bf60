// The slots of a store with storage: "memory": they live as long as this worker.

import type { HandleName, Opened } from "./boundary_worker.js";
import { FileTable, type Directory, type SlotFiles, type SyncFile } from "./files.js";

export class MemoryFiles implements SlotFiles {
  readonly table = new FileTable();
  readonly #files: Record<Directory, Map<string, MemoryFile>> = { log: new Map(), pool: new Map() };

  prepare(): void {}

  async open(log: number, pool: number): Promise<Opened> {
    return { generation: 0, log: this.#openAll("log", log), pool: this.#openAll("pool", pool) };
  }

  async create(directory: Directory): Promise<HandleName> {
    return this.#create(directory);
  }

  async areNamed(): Promise<boolean> {
    return true;
  }

  closeAll(): void {
    this.table.closeAll();
  }

  async tidy(): Promise<void> {}

  keepSpare(): void {}

  async newestSnapshot(): Promise<number> {
    return 0;
  }

  async keepSnapshot(): Promise<void> {}
  async dropSnapshots(): Promise<void> {}

  abandonAll(): void {
    this.table.abandonAll();
  }

  #openAll(directory: Directory, atLeast: number): HandleName[] {
    const files = this.#files[directory];
    const slots = [...files].map(([name, file]) => ({ name, handle: this.table.add(file) }));
    while (slots.length < atLeast) slots.push(this.#create(directory));
    return slots;
  }

  #create(directory: Directory): HandleName {
    const files = this.#files[directory];
    const name = String(files.size + 1);
    const file = new MemoryFile();
    files.set(name, file);
    return { name, handle: this.table.add(file) };
  }
}

/** A FileSystemSyncAccessHandle's behaviour on bytes in memory. */
export class MemoryFile implements SyncFile {
  #bytes = new Uint8Array(4096);
  #size = 0;

  read(into: Uint8Array, { at }: { at: number }): number {
    const piece = this.#bytes.subarray(
      Math.min(at, this.#size),
      Math.min(at + into.length, this.#size),
    );
    into.set(piece);
    return piece.length;
  }

  write(from: Uint8Array, { at }: { at: number }): number {
    this.#reserve(at + from.length);
    this.#bytes.set(from, at);
    this.#size = Math.max(this.#size, at + from.length);
    return from.length;
  }

  truncate(size: number): void {
    this.#reserve(size);
    this.#bytes.fill(0, Math.min(size, this.#size));
    this.#size = size;
  }

  getSize(): number {
    return this.#size;
  }

  flush(): void {}

  close(): void {}

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
