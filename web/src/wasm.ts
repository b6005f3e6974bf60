// Engine: one instance of tablog.wasm, behind docs/boundary.md's module interface.

import { frames } from "./bytes.js";
import type { Role } from "./names.js";
import { wasiImports } from "./wasi.js";

/** What the module calls while it steps: the open files of its worker. */
export interface FileCalls {
  read(handle: number, offset: number, into: Uint8Array): number;
  write(handle: number, offset: number, from: Uint8Array): number;
  flush(handle: number): number;
  size(handle: number): number;
  truncate(handle: number, bytes: number): number;
  /** The words of the last error. */
  lastError(): string;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly _initialize: () => void;
  readonly tablog_start: (role: number) => void;
  readonly tablog_alloc: (bytes: number) => number;
  readonly tablog_free: (at: number) => void;
  readonly tablog_step: (at: number, bytes: number) => number;
  readonly tablog_outputs_bytes: () => number;
}

/** Gives an input; the outputs borrow from the module's memory until the next step. */
export type Step = (input: Uint8Array) => Iterable<Uint8Array>;

export async function startEngine(
  module: WebAssembly.Module,
  role: Role | "past" | "import",
  files: FileCalls,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<Step> {
  let exports: Exports | undefined = undefined;
  const memory = (): ArrayBuffer => {
    if (exports === undefined) throw new Error("the module called before it stood");
    return exports.memory.buffer as ArrayBuffer;
  };
  const instance = await WebAssembly.instantiate(
    module,
    importsOf(module, memory, files, progress),
  );
  const started = instance.exports as unknown as Exports;
  exports = started;
  started._initialize();
  started.tablog_start(["replica", "leader", "past", "import"].indexOf(role));
  return (input) => step(started, input);
}

function step(engine: Exports, input: Uint8Array): Iterable<Uint8Array> {
  const at = engine.tablog_alloc(input.byteLength);
  if (at === 0)
    throw new WebAssembly.RuntimeError(`no memory for an input of ${input.byteLength} bytes`);
  new Uint8Array(engine.memory.buffer, at, input.byteLength).set(input);
  const outputs = engine.tablog_step(at, input.byteLength);
  engine.tablog_free(at);
  return frames(new Uint8Array(engine.memory.buffer, outputs, engine.tablog_outputs_bytes()));
}

function importsOf(
  module: WebAssembly.Module,
  memory: () => ArrayBuffer,
  files: FileCalls,
  progress: (done: number, total: number) => void,
): WebAssembly.Imports {
  const bytes = (at: number, length: number): Uint8Array => new Uint8Array(memory(), at, length);
  const env: Record<string, (...args: number[]) => number | void> = {
    tablog_file_read: (handle = 0, offset = 0, at = 0, count = 0) =>
      files.read(handle, offset, bytes(at, count)),
    tablog_file_write: (handle = 0, offset = 0, at = 0, count = 0) =>
      files.write(handle, offset, bytes(at, count)),
    tablog_file_flush: (handle = 0) => files.flush(handle),
    tablog_file_size: (handle = 0) => files.size(handle),
    tablog_file_truncate: (handle = 0, count = 0) => files.truncate(handle, count),
    tablog_file_error: (at = 0, capacity = 0) =>
      new TextEncoder().encodeInto(files.lastError(), bytes(at, capacity)).written,
    tablog_progress: (done = 0, total = 0) => progress(done, total),
    emscripten_notify_memory_growth: () => undefined, // views are made anew for every use
  };
  const wanted = WebAssembly.Module.imports(module);
  const wasi = wanted
    .filter((item) => item.module === "wasi_snapshot_preview1")
    .map((item) => item.name);
  return { env, wasi_snapshot_preview1: wasiImports(wasi, () => new DataView(memory())) };
}
