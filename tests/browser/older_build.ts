// An older build of the package: what is in dist/, but for the version of SQLite that it says it has. That is what
// a log and a tab are held against each other by (storage/profile.h).
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes one from the package in `dist`; `remove` takes it away again. */
export async function makeOlderBuild(
  dist: string,
): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "tablog-older-"));
  for (const file of ["index.js", "worker.js"])
    await copyFile(join(dist, file), join(directory, file));
  await writeFile(
    join(directory, "tablog.wasm"),
    aged(new Uint8Array(await readFile(join(dist, "tablog.wasm")))),
  );
  return { directory, remove: () => rm(directory, { recursive: true }) };
}

// "3.54.1" becomes "3.54.0": the text that sqlite3_libversion() gives, closed by NUL.
function aged(module: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(module);
  const found = [...text.matchAll(/\b3\.\d\d\.[1-9]\0/g)];
  const [version] = found;
  if (version === undefined || found.length > 1)
    throw new Error(`tablog.wasm names SQLite's version ${found.length} times, not once`);
  const older = Uint8Array.from(module);
  const patchAt = version.index + version[0].length - 2;
  older[patchAt] = (older[patchAt] ?? 0) - 1;
  return older;
}
