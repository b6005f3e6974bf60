// What the scripts in Node share: the root, child processes, lists of files.
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const jobs = availableParallelism();

/** The files of the checkout, new ones included and ignored ones not, that `pattern` matches. */
export function sourceFiles(pattern) {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 },
  );
  return [...new Set(listed.split("\0"))]
    .filter((path) => pattern.test(path) && existsSync(join(root, path)))
    .sort();
}

/** Runs a program and gives its exit code and output; never throws for a code other than 0. */
export async function capture(program, args, options = {}) {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, {
      cwd: root,
      maxBuffer: 256 << 20,
      ...options,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return {
      code: typeof error.code === "number" ? error.code : 1,
      stdout: error.stdout ?? "",
      stderr: error.stderr || String(error),
    };
  }
}

/** Runs a program on this terminal and gives its exit code. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      ...options,
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ? 1 : code));
  });
}

/** Applies `task` to every item, at most `limit` at once; the results keep the items' order. */
export async function inParallel(items, task, limit = jobs) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
