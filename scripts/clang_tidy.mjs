// clang-tidy over every source of build/native, in parallel. A file that was clean is not looked at again
// until it, a header of ours that it includes, its command or the checks change.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { includesOf } from "./include_graph.mjs";
import { capture, inParallel, root } from "./lib.mjs";

const program = join(root, ".deps/toolchain/usr/bin/clang-tidy-19");
const cache = join(
  process.env.TABLOG_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tablog"),
  "clang-tidy",
);

/** The file and everything of ours that it includes, in order. */
function closure(path, seen = new Set()) {
  if (seen.has(path) || !existsSync(join(root, path))) return seen;
  seen.add(path);
  for (const [, header] of includesOf(path)) closure(header, seen);
  return seen;
}

function keyOf(path, command) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(root, ".clang-tidy"))).update(command.replaceAll(root, ""));
  for (const part of [...closure(path)].sort())
    hash.update(part).update(readFileSync(join(root, part)));
  return hash.digest("hex").slice(0, 32);
}

export async function clangTidy() {
  const database = join(root, "build/native/compile_commands.json");
  const units = JSON.parse(readFileSync(database, "utf8"))
    .map(({ file, command }) => ({ path: relative(root, file), command }))
    .filter(({ path }) => /^[a-z].*\.cc$/.test(path) && !/^(build|tests)\//.test(path));
  mkdirSync(cache, { recursive: true });
  const stale = units
    .map((unit) => ({ ...unit, stamp: join(cache, keyOf(unit.path, unit.command)) }))
    .filter(({ stamp }) => !existsSync(stamp));
  const errors = await inParallel(stale, async ({ path, stamp }) => {
    const { code, stdout, stderr } = await capture(program, [
      "--quiet",
      "-p",
      "build/native",
      path,
    ]);
    if (code === 0) writeFileSync(stamp, path);
    else console.error(stdout || stderr); // at once: the rest may take minutes
    return code !== 0;
  });
  return { looked: stale.length, all: units.length, failed: errors.filter(Boolean).length };
}
