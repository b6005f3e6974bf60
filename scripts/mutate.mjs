// ./dev mutate [WORD…]: plants the bugs of tests/mutations one by one, in a copy of the checkout, and
// expects the named test to fail. With words: only those whose name has one of them.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { build as bundle } from "esbuild";
import { mutants } from "../tests/mutations/mutants.mjs";
import { capture, jobs, root, run, seconds, sourceFiles } from "./lib.mjs";

const copy = join(root, "build/mutations");
const build = join(copy, "build/native");

/** The sources as they are now; what third parties made is only linked to. */
function copySources() {
  for (const path of sourceFiles(/./)) {
    const to = join(copy, path);
    const source = readFileSync(join(root, path));
    if (existsSync(to) && readFileSync(to).equals(source)) continue; // keeps its time: not compiled again
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(root, path), to);
  }
  for (const name of [".deps", "node_modules"]) {
    if (!existsSync(join(copy, name))) symlinkSync(join(root, name), join(copy, name));
  }
}

const quoted = (words) => words.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

async function typescriptPasses(test) {
  const outdir = join(copy, "build/web_tests");
  rmSync(outdir, { recursive: true, force: true });
  const tests = sourceFiles(/^tests\/web\/session_test\.ts$/);
  await bundle({
    absWorkingDir: copy,
    entryPoints: tests,
    outdir,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    outExtension: { ".js": ".mjs" },
  });
  const args = ["--test", `--test-name-pattern=^${quoted(test)}$`, "--test-reporter=tap"];
  const ran = await capture("node", [...args, join(outdir, "session_test.mjs")]);
  if (!/^# (pass|fail) [1-9]/m.test(ran.stdout)) throw new Error(`no test "${test}"`);
  return ran.code === 0;
}

/** Builds what the test needs, and runs it: whether it passes. */
async function passes(caughtBy) {
  const [suite = "", test = ""] = caughtBy.split(": ");
  if (suite === "typescript") return typescriptPasses(test);
  const program = `tablog_${suite}_test`;
  const built = await capture("ninja", ["-C", build, "-j", `${jobs}`, program]);
  if (built.code !== 0) throw new Error(`does not compile:\n${built.stdout.slice(-2000)}`);
  const args = [`--gtest_filter=${test}`, "--gtest_brief=1"];
  const ran = await capture(join(build, "tests", program), args, { timeout: 120_000 });
  if (/Running 0 tests|: 0 tests ran|\[==========\] 0 tests/.test(ran.stdout))
    throw new Error(`no test ${test}`);
  return ran.code === 0;
}

async function survives({ file, from, to, caughtBy }) {
  const path = join(copy, file);
  const sound = readFileSync(path, "utf8");
  if (sound.split(from).length !== 2) throw new Error(`${file} has not once: ${from}`);
  writeFileSync(
    path,
    sound.replace(from, () => to),
  );
  try {
    return await passes(caughtBy);
  } finally {
    writeFileSync(path, sound);
  }
}

copySources();
const configured = existsSync(join(build, "build.ninja"))
  ? 0
  : await run("cmake", [
      "-S",
      copy,
      "-B",
      build,
      "-G",
      "Ninja",
      "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
    ]);
if (configured !== 0) process.exit(configured);

const words = process.argv.slice(2);
const chosen = mutants.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);
const began = performance.now();
let failures = 0;
for (const test of new Set(chosen.map(({ caughtBy }) => caughtBy))) {
  if (await passes(test).catch((error) => Boolean(console.error(`${test}: ${error.message}`))))
    continue;
  ++failures;
  console.error(`FAIL ${test} does not pass without a planted bug`);
}
for (const mutant of chosen) {
  const outcome = await survives(mutant).then(
    (survived) => (survived ? "SURVIVES" : "caught"),
    (error) => `FAIL ${error.message}`,
  );
  failures += outcome === "caught" ? 0 : 1;
  console.log(`${outcome}  ${mutant.name}  (${mutant.caughtBy})`);
}
console.log(`${chosen.length} planted bugs, ${failures} not caught, ${seconds(began)}`);
process.exit(failures === 0 ? 0 : 1);
