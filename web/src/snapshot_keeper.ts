// The leader worker's side of snapshots.ts: writes them, and lets the oldest go.

import { writeFile } from "./generations.js";
import type { Snapshots } from "./snapshots.js";

const kPieceBytes = 2 ** 20;

/** @throws DOMException where there is no room; nothing of it is left then */
export async function keepSnapshot(
  snapshots: Snapshots,
  generation: number,
  index: number,
  image: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<void> {
  const directory = await snapshots.directory(generation, true);
  try {
    await writeFile(directory, String(index), piecesOf(image));
  } catch (thrown) {
    await directory.removeEntry(String(index)).catch(() => undefined);
    throw thrown;
  }
  for (const old of (await snapshots.indexes(generation)).slice(most))
    await directory.removeEntry(String(old)).catch(() => undefined); // being read
}

/** The log has no entries any more that could follow them. */
export async function dropSnapshots(
  snapshots: Snapshots,
  generation: number,
  before: number,
): Promise<void> {
  const old = (await snapshots.indexes(generation)).filter((index) => index < before);
  if (old.length === 0) return;
  const directory = await snapshots.directory(generation, false);
  for (const index of old) await directory.removeEntry(String(index)).catch(() => undefined); // being read
}

// The leader has other things to do between them.
async function* piecesOf(image: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < image.byteLength; at += kPieceBytes) {
    yield image.subarray(at, at + kPieceBytes);
    await new Promise((resolve) => setTimeout(resolve));
  }
}
