// The entry of an import's worker, a file of its own beside worker.js: makes a new generation of the store's files
// from a file, with the module's help. What it has made a leader adopts, or nobody.

import { Reader, encode, type Writer } from "./bytes.js";
import { readError } from "./boundary_page.js";
import { TablogError, isDomException, wordsOf } from "./errors.js";
import { mintId } from "./names.js";
import { OpfsFiles } from "./opfs.js";
import { startEngine, type Step } from "./wasm.js";
import { giveUp, holdLifeLock, tellPage } from "./worker_host.js";
import type { StartImport } from "./worker_protocol.js";

const kPieceBytes = 2 ** 20;
/** Of an export, at most: its header is in there. */
const kBeginningBytes = 2 ** 24;
const kPoolSlots = 6;
const kReplyKind = 4;

const inputs = { begin: 0, files: 1, piece: 2, finish: 3 } as const;

self.onmessage = ({ data }: MessageEvent<StartImport>) => void run(data).catch(giveUp);

async function run(start: StartImport): Promise<void> {
  await holdLifeLock(start);
  tellPage({ kind: "hello" });
  const files = new OpfsFiles(start.key, start.name);
  const step = await startEngine(start.module, "import", files.table, tellProgress(start.blob));
  try {
    const generation = await fill(start, step, files);
    files.closeAll();
    const total = 2 * start.blob.size;
    tellPage({ kind: "importProgress", done: total, total });
    tellPage({ kind: "imported", generation });
  } catch (thrown) {
    files.closeAll();
    await files.discard();
    const { code, message, index, offset } = asError(thrown);
    tellPage({ kind: "importFailed", code, message, index, offset });
  }
}

// Half of it is reading the file, half of it replaying the log.
function tellProgress(blob: Blob): (done: number, total: number) => void {
  return (done, total) =>
    tellPage({
      kind: "importProgress",
      done: blob.size * (1 + (total === 0 ? 1 : done / total)),
      total: 2 * blob.size,
    });
}

async function fill(start: StartImport, step: Step, files: OpfsFiles): Promise<number> {
  const { blob } = start;
  const beginning = await piece(blob, 0, start.what === "log" ? kBeginningBytes : 0);
  const begun = ask(step, inputs.begin, (w) => {
    w.raw(new Uint8Array(start.schema));
    w.u8(start.what === "log" ? 0 : 1);
    w.u64(blob.size);
    w.bytes(beginning);
  });
  const logSlots = begun.u32();
  const generation = await files.claim(begun.u64() + 1);
  const { log, pool } = await files.createAll(logSlots, kPoolSlots);
  ask(step, inputs.files, (w) => {
    w.u64(generation);
    for (const slots of [log, pool])
      w.list(slots, ({ name, handle }) => {
        w.text(name);
        w.u32(handle);
      });
  });
  for (let at = 0; at < blob.size; at += kPieceBytes) {
    const bytes = await piece(blob, at, kPieceBytes);
    ask(step, inputs.piece, (w) => w.bytes(bytes));
    tellPage({ kind: "importProgress", done: at + bytes.byteLength, total: 2 * blob.size });
  }
  const [seed = 0n] = crypto.getRandomValues(new BigInt64Array(1));
  ask(step, inputs.finish, (w) => {
    w.id(mintId(crypto));
    w.i64(seed);
    w.i64(BigInt(Date.now()));
  });
  return generation;
}

async function piece(blob: Blob, at: number, size: number): Promise<Uint8Array> {
  return new Uint8Array(await blob.slice(at, at + size).arrayBuffer());
}

/** @throws TablogError what the module says */
function ask(step: Step, kind: number, write: (w: Writer) => void): Reader {
  const input = encode((w) => {
    w.u8(kind);
    w.u32(0);
    write(w);
  });
  for (const output of step(input)) {
    const r = new Reader(output.slice());
    if (r.u8() !== kReplyKind) continue;
    r.u32(); // the call
    if (r.u8() === 0) return r;
    throw readError(r);
  }
  throw new TablogError("LoadFailed", "the importer's module gave no answer");
}

function asError(thrown: unknown): TablogError {
  if (thrown instanceof TablogError) return thrown;
  const full = isDomException(thrown, "QuotaExceededError");
  return new TablogError(full ? "QuotaExceeded" : "StorageUnavailable", wordsOf(thrown));
}
