// ./dev long [PART…]: what takes hours, in pieces: seeds of the simulator, ten minutes of every fuzz target,
// the tests in full, planted bugs, failovers, half an hour of tabs that come and go. What is done is kept in build/long/ and not done again for the
// same sources: a run that was stopped goes on where it was. It ends with what ran.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, inParallel, jobs, root, run, seconds, sourceFiles } from "./lib.mjs";

const kSeeds = 200_000;
const kSeedsAtOnce = 500;
const kFuzzSeconds = 600;
const kFailovers = 200;

const directory = join(root, "build/long");
mkdirSync(directory, { recursive: true });
const place = join(directory, "done.json");

/** What all sources are now, documents aside. */
function sourcesHash() {
  const hash = createHash("sha256");
  for (const path of sourceFiles(/^(?!docs\/).+(?<!\.md)$/))
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)))
      .update("\0");
  return hash.digest("hex");
}

const sources = sourcesHash();
const before = existsSync(place) ? JSON.parse(readFileSync(place, "utf8")) : {};
/** @type {Record<string, string>} By the name of a piece: what came of it. */
const done = before.sources === sources ? before.done : {};

/** Runs a piece that is not done yet; `task` gives what came of it, or throws. */
async function piece(name, task) {
  if (name in done) return;
  const began = performance.now();
  done[name] = await task();
  writeFileSync(place, `${JSON.stringify({ sources, done }, undefined, 1)}\n`);
  console.log(`${name}: ${done[name]}, ${seconds(began)}`);
}

/** The last line that a command prints; it has to succeed. */
async function last(program, args) {
  const { code, stdout, stderr } = await capture(program, args);
  if (code !== 0)
    throw new Error(`${program} ${args.join(" ")}:\n${(stdout + stderr).slice(-4000)}`);
  return stdout.trim().split("\n").at(-1) ?? "";
}

const parts = {
  seeds: async () => {
    const firsts = Array.from({ length: kSeeds / kSeedsAtOnce }, (_, i) => i * kSeedsAtOnce + 1);
    await inParallel(
      firsts,
      async (first) => {
        const range = `${first}..${first + kSeedsAtOnce - 1}`;
        const program = "build/native/bin/tablog_simulator";
        await piece(`seeds ${range}`, () => last(program, ["--seeds", range]));
      },
      jobs,
    );
  },
  fuzz: async () => {
    const targets = readdirSync(join(root, "build/fuzz/fuzz")).flatMap(
      (file) => /^tablog_(.*)_fuzz$/.exec(file)?.[1] ?? [],
    );
    for (const target of targets)
      await piece(`fuzz ${target}`, () =>
        last("bash", ["scripts/fuzz.sh", target, String(kFuzzSeconds)]),
      );
  },
  tests: () => piece("tests in full", () => last("node", ["scripts/test.mjs", "--full"])),
  mutations: () => piece("planted bugs", () => last("node", ["scripts/mutate.mjs"])),
  failovers: () =>
    piece("failovers", async () => {
      const code = await run("node", ["bench/run.mjs", "--failovers", String(kFailovers)]);
      if (code !== 0) throw new Error("the failovers did not come to their end");
      return `${kFailovers} of each kind, build/bench/failovers.json`;
    }),
  soak: () => piece("soak", () => last("node", ["scripts/soak.mjs"])),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`there is no part ${unknown.join(", ")}, only: ${Object.keys(parts).join(" ")}`);
  process.exit(2);
}
for (const [name, part] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  await part().catch((error) => {
    console.error(`FAIL ${name}: ${error.message}`);
    process.exit(1);
  });
}

const pieces = Object.keys(done);
const ranges = pieces.filter((name) => name.startsWith("seeds "));
console.log(
  [
    `ran for these sources: ${ranges.length * kSeedsAtOnce} of ${kSeeds} seeds`,
    ...pieces.filter((name) => !ranges.includes(name)).map((name) => `${name}: ${done[name]}`),
  ].join("\n"),
);
