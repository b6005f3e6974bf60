// Runs every test runner over what is built and adds up: `node scripts/test.mjs [--full] [SUITE…]`.
// The last line is "N passed, N failed"; the exit code is 0 only if something passed and nothing failed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { capture, inParallel, jobs, root, run, seconds, sourceFiles } from "./lib.mjs";

const full = process.argv.includes("--full");
const chosen = process.argv.slice(2).filter((word) => !word.startsWith("--"));
/** Tests that take a sample of their cases take all of them. */
const whole = full ? { TABLOG_FULL: "1" } : {};
const results = join(root, "build/test-results");
mkdirSync(results, { recursive: true });

/** Counts the cases of a JUnit report; a missing or empty one is a failure of its own. */
function readJUnit(path, code) {
  const report = existsSync(path) ? readFileSync(path, "utf8") : "";
  const suites = [...report.matchAll(/<testsuite\b[^>]*>/g)].map(([tag]) => tag);
  const sum = (name) =>
    suites.reduce(
      (total, tag) => total + Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0),
      0,
    );
  const failed = sum("failures") + sum("errors");
  const passed = sum("tests") - failed - sum("skipped") - sum("disabled");
  return code !== 0 && failed === 0 ? { passed, failed: 1 } : { passed, failed };
}

async function ctest(preset, environment = {}) {
  const report = join(results, `${preset}.xml`);
  rmSync(report, { force: true });
  const code = await run(
    "ctest",
    [
      ...["--test-dir", `build/${preset}`, "--parallel", String(jobs), "--output-junit", report],
      ...["--output-on-failure", "--progress", "--no-tests=error"],
    ],
    { env: { ...process.env, ...environment } },
  );
  return readJUnit(report, code);
}

/** Unit tests of the core as wasm programs: each is one GoogleTest binary, and prints its own totals. */
async function wasm() {
  const directory = "build/wasm/tests";
  const { stdout } = await capture("sh", ["-c", `ls ${directory}/*.cjs`]);
  const outcomes = await inParallel(stdout.trim().split("\n"), async (program) => {
    const { code, stdout: text, stderr } = await capture("node", [program]);
    const count = (word) =>
      Number(new RegExp(`^\\[  ${word}  \\] (\\d+) tests?`, "m").exec(text)?.[1] ?? 0);
    const outcome = { passed: count("PASSED"), failed: count("FAILED") };
    if (code !== 0 && outcome.failed === 0) outcome.failed = 1;
    if (outcome.failed) console.log(`${program}:\n${text.slice(-8000)}${stderr.slice(-4000)}`);
    return outcome;
  });
  return total(outcomes);
}

async function simulator() {
  const count = full ? 5000 : 200;
  const seeds = Array.from({ length: count }, (_, index) => String(index + 1));
  const outcomes = await inParallel(seeds, async (seed) => {
    const { code, stdout, stderr } = await capture("build/native/bin/tablog_simulator", [seed]);
    if (code === 0) return { passed: 1, failed: 0 };
    console.log(
      `${stdout.slice(-2000)}${stderr.slice(-4000)}\nseed ${seed} failed: ./dev sim ${seed}`,
    );
    return { passed: 0, failed: 1 };
  });
  return total(outcomes);
}

/** Tests of the TypeScript that needs no browser, bundled for Node's own runner. */
async function typescript() {
  const outdir = join(root, "build/web_tests");
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: sourceFiles(webTests),
    outdir,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const { code, stdout } = await capture("sh", [
    "-c",
    `node --enable-source-maps --test --test-reporter=tap ${outdir}/*.mjs`,
  ]);
  writeFileSync(join(results, "typescript.tap"), stdout);
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
  if (code !== 0)
    console.log(
      stdout
        .split("\n")
        .filter((line) => !/^\s*ok /.test(line))
        .join("\n"),
    );
  const failed = count("fail") + count("cancelled");
  return { passed: count("pass"), failed: code !== 0 && !failed ? 1 : failed };
}
const webTests = /^tests\/web\/.*[._]test\.ts$/;

async function browser() {
  const report = join(results, "browser.xml");
  rmSync(report, { force: true });
  const code = await run("node_modules/.bin/playwright", ["test", "--reporter=line,junit"], {
    env: { ...process.env, ...whole, PLAYWRIGHT_JUNIT_OUTPUT_FILE: report },
  });
  return readJUnit(report, code);
}

const total = (outcomes) =>
  outcomes.reduce(
    (sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }),
    { passed: 0, failed: 0 },
  );

// A suite runs when what it runs exists.
const suites = [
  ["native", existsSync(join(root, "build/native/tests")), () => ctest("native", whole)],
  ["asan", full, () => ctest("asan")],
  ["wasm", existsSync(join(root, "build/wasm/tests")), wasm],
  ["typescript", sourceFiles(webTests).length > 0, typescript],
  ["simulator", existsSync(join(root, "build/native/bin/tablog_simulator")), simulator],
  ["browser", existsSync(join(root, "playwright.config.ts")), browser],
];
const outcomes = [];
for (const [name, exists, suite] of suites) {
  if (!exists || (chosen.length && !chosen.includes(name))) continue;
  const start = performance.now();
  console.log(`== ${name}`);
  const outcome = await suite();
  console.log(`== ${name}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds(start)}`);
  outcomes.push(outcome);
}
const { passed, failed } = total(outcomes);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
