// The few WASI functions that libc asks for; the clocks are the host's time (docs/boundary.md). All
// others answer ENOSYS: the store's files have imports of their own.

const kEnosys = 52;
const kOk = 0;
const kMonotonic = 1;

/** Import functions for every WASI name that the module wants. */
export function wasiImports(
  names: readonly string[],
  memory: () => DataView,
): WebAssembly.ModuleImports {
  const known: Record<string, (...args: number[]) => number> = {
    clock_time_get: (clock, _precision, at = 0) => {
      const ms = clock === kMonotonic ? performance.now() : Date.now();
      memory().setBigUint64(at, BigInt(Math.round(ms * 1e6)), true);
      return kOk;
    },
    random_get: (at = 0, bytes = 0) => {
      // getRandomValues takes at most 65,536 bytes a call.
      for (let done = 0; done < bytes; done += 65536) {
        const piece = new Uint8Array(
          memory().buffer as ArrayBuffer,
          at + done,
          Math.min(65536, bytes - done),
        );
        crypto.getRandomValues(piece);
      }
      return kOk;
    },
    environ_sizes_get: (count = 0, bytes = 0) => {
      memory().setUint32(count, 0, true);
      memory().setUint32(bytes, 0, true);
      return kOk;
    },
    environ_get: () => kOk,
    fd_write: (descriptor = 0, vectors = 0, count = 0, written = 0) => {
      const view = memory();
      const parts = Array.from({ length: count }, (_, i) => {
        const at = view.getUint32(vectors + 8 * i, true);
        return new Uint8Array(
          view.buffer as ArrayBuffer,
          at,
          view.getUint32(vectors + 8 * i + 4, true),
        );
      });
      const text = parts.map((part) => new TextDecoder().decode(part)).join("");
      if (text.trim() !== "")
        (descriptor === 2 ? console.error : console.log)(`tablog: ${text.trimEnd()}`);
      view.setUint32(
        written,
        parts.reduce((sum, part) => sum + part.byteLength, 0),
        true,
      );
      return kOk;
    },
    proc_exit: (code) => {
      throw new WebAssembly.RuntimeError(`the module ended itself with code ${code}`);
    },
  };
  return Object.fromEntries(names.map((name) => [name, known[name] ?? ((): number => kEnosys)]));
}
