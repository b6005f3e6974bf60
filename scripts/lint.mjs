// Every check that does not run the code. Exits with 1 when one of them has something to say.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { clangTidy } from "./clang_tidy.mjs";
import { format } from "./format.mjs";
import { checkIncludes } from "./include_graph.mjs";
import { capture, root, seconds, sourceFiles } from "./lib.mjs";

async function typescript() {
  const projects = sourceFiles(/(^|\/)tsconfig\.[a-z]+\.json$/);
  const runs = await Promise.all(
    projects.map((project) => capture("node_modules/.bin/tsc", ["--noEmit", "--project", project])),
  );
  return runs.filter(({ code }) => code !== 0).map(({ stdout, stderr }) => stdout + stderr);
}

async function eslint() {
  const { code, stdout, stderr } = await capture("node_modules/.bin/eslint", [
    "--max-warnings=0",
    ".",
  ]);
  return code === 0 ? [] : [stdout + stderr];
}

let failed = false;
async function check(name, run) {
  const start = performance.now();
  const errors = await run();
  console.log(`  ${name}: ${errors.length ? "FAILED" : "ok"}, ${seconds(start)}`);
  if (errors.length) {
    failed = true;
    console.error(errors.join("\n"));
  }
}

await check("include graph", async () => checkIncludes());
await check("format (./dev fmt mends it)", () => format("--check"));
await check("tsc", typescript);
await check("eslint", eslint);
if (existsSync(join(root, "build/native/compile_commands.json"))) {
  await check("clang-tidy", async () => {
    const { looked, all, failed: findings } = await clangTidy();
    console.log(
      `  clang-tidy looked at ${looked} of ${all} files, the others are known to be clean`,
    );
    return findings > 0 ? [`${findings} files have findings, above`] : [];
  });
}
process.exitCode = failed ? 1 : 0;
