// `./dev soak [MINUTES] [--seed N]`: six tabs of one store append, query, close, reload, open again and are killed,
// for 30 minutes. Every 5 s: memory and handles of each process of the browser, OPFS files, sessions. Writes
// build/soak/samples.json and soak.svg, and exits with 1 when something grew that should be bounded
// (soak/verdict.mjs), or when an acknowledged append is not in the log.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { launchBrowser } from "./browser.mjs";
import { root } from "./lib.mjs";
import { builtPackage } from "./package.mjs";
import { Ledger } from "./soak/ledger.mjs";
import { randomOf } from "./soak/pages/random.mjs";
import { plot } from "./soak/plot.mjs";
import { processesOf } from "./soak/processes.mjs";
import { SoakTab } from "./soak/soak_tab.mjs";
import { judge, median } from "./soak/verdict.mjs";
import { serve } from "./static_server.mjs";

const kTabs = 6;
const kSampleMs = 5000;
const kActionMs = 3000; // between two ends of a tab, on average
const kAwayMs = 2000; // until its place is filled again, on average
const kReadAtOnce = 5000;
const kProblemsShown = 10;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string", default: "1" } },
});
const minutes = Number(positionals[0] ?? 30);
const seed = Number(options.seed);
if (!(minutes >= 1) || !Number.isInteger(seed)) {
  console.error("./dev soak [MINUTES, at least 1] [--seed N]");
  process.exit(2);
}

const output = join(root, "build/soak");
const random = randomOf(seed);
/** A pause as between independent events. */
const pause = (meanMs) => sleep(-Math.log(1 - random()) * meanMs);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const mebibytes = (bytes) => bytes / 2 ** 20;

/** @type {import("./soak/plot.mjs").Chart[]} */
const charts = [
  {
    title: "Memory of a renderer (PSS, MiB)",
    lines: { median: "rendererMiB", largest: "largestMiB", "the tab that stays": "residentMiB" },
  },
  {
    title: "Memory of the other processes (PSS, MiB)",
    lines: { browser: "browserMiB", "all others": "otherMiB" },
  },
  { title: "Memory of all processes (PSS, MiB)", lines: { sum: "allMiB" } },
  {
    title: "OPFS files",
    lines: { all: "files", "without segments": "spareFiles", "open by the leader": "slots" },
  },
  {
    title: "Handles of processes",
    lines: {
      browser: "browserHandles",
      "median renderer": "rendererHandles",
      "the tab that stays": "residentHandles",
    },
  },
  {
    title: "Sessions",
    lines: { "live tabs": "tabs", open: "sessions", "in the database": "storedSessions" },
  },
  {
    title: "Bytes (MiB): grow with what is appended",
    lines: {
      OPFS: "opfsMiB",
      "the log's files": "logMiB",
      "state database": "stateMiB",
      "its WAL": "walMiB",
    },
  },
  { title: "Entries in the log", lines: { entries: "head" } },
];

async function main() {
  const server = await serve({
    "/": `${join(root, "scripts/soak/pages")}/`,
    "/tablog/": `${builtPackage()}/`,
  });
  const browser = await launchBrowser();
  try {
    const soak = {
      context: browser.context,
      url: server.url,
      random,
      ledger: new Ledger(),
      endings: {},
      failures: {},
    };
    const tabs = Array.from({ length: kTabs }, () => new SoakTab(soak));
    const [resident] = tabs;
    await resident.open();
    await resident.call("fill");
    for (const tab of tabs.slice(1)) await tab.open();
    const samples = await run(soak, tabs, browser.profile);
    await report(soak, tabs, samples);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** What was measured while the tabs came and went. */
async function run(soak, tabs, profile) {
  const [resident] = tabs;
  const pid = await resident.process();
  const samples = [];
  const began = performance.now();
  const end = began + minutes * 60_000;
  const change = async () => {
    for (await pause(kActionMs); performance.now() < end; await pause(kActionMs))
      await endOne(tabs);
  };
  const measure = async () => {
    for (let next = began; next <= end; next += kSampleMs) {
      await sleep(next - performance.now());
      const at = Math.round((performance.now() - began) / 1000);
      samples.push({ at, ...(await sample(soak, resident, profile, pid)) });
    }
  };
  await Promise.all([change(), measure()]);
  return samples;
}

/** One tab ends in some way, and is there again soon. The first one stays: what it leaks is not lost with it. */
async function endOne(tabs) {
  const [resident, ...others] = tabs;
  const chance = random();
  if (chance < 0.15) {
    for (const tab of tabs) {
      if (!(await tab.leads())) continue;
      return tab === resident ? tab.closeStore() : again(tab, () => tab.kill());
    }
    return;
  }
  if (chance < 0.2) return resident.closeStore();
  const tab = others[Math.floor(random() * others.length)];
  if (chance < 0.4) return tab.closeStore();
  if (chance < 0.65) return tab.reload();
  return again(tab, () => tab.leave());
}

async function again(tab, end) {
  await end();
  await pause(kAwayMs);
  await tab.open();
}

async function sample(soak, resident, profile, residentPid) {
  const [seen, processes] = await Promise.all([ask(resident), processesOf(profile)]);
  const { log, state, sessions } = seen.stats;
  const of = (kind) => processes.filter((each) => each.kind === kind);
  const memory = (some) => some.map(({ pssMiB }) => pssMiB);
  // Chromium keeps idle renderers for tabs to come: they are smaller than any that has one.
  const renderers = of("renderer").sort((a, b) => b.pssMiB - a.pssMiB);
  const atWork = renderers.slice(0, Math.max(1, seen.tabs));
  const residents = renderers.filter(({ pid }) => pid === residentPid);
  return {
    rendererMiB: median(memory(atWork)),
    largestMiB: Math.max(...memory(atWork)),
    residentMiB: residents[0]?.pssMiB,
    browserMiB: sum(memory(of("browser"))),
    otherMiB: sum(memory(of("other"))),
    allMiB: sum(memory(processes)),
    processes: processes.length,
    renderers: renderers.length,
    browserHandles: sum(of("browser").map(({ files }) => files)),
    rendererHandles: median(atWork.map(({ files }) => files)),
    residentHandles: residents[0]?.files,
    files: seen.opfs.files,
    spareFiles: seen.opfs.files - log.segments,
    opfsMiB: mebibytes(seen.opfs.bytes),
    unreadFiles: seen.opfs.vanished,
    segments: log.segments,
    slots: log.slots + state.slots,
    spareSlots: log.slots + state.slots - log.segments,
    logMiB: mebibytes(log.bytes),
    stateMiB: mebibytes(state.bytes),
    unfolded: log.head - state.checkpoint,
    walMiB: mebibytes(state.walBytes),
    tabs: seen.tabs,
    sessions,
    storedSessions: state.sessions,
    term: seen.term,
    head: log.head,
    ended: sum(Object.values(soak.endings)),
    acknowledged: soak.ledger.acknowledged,
  };
}

/** Its store may just be closed and opened again. */
async function ask(tab) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tab.call("sample");
    } catch (error) {
      if (attempt === 10) throw error;
      await sleep(200);
    }
  }
}

async function report(soak, tabs, samples) {
  for (const tab of tabs) await tab.call("stop");
  for (const tab of tabs) await tab.keepFailures();
  const [resident] = tabs;
  const log = async function* () {
    for (let from = 1; ;) {
      const events = await resident.call("logFrom", from, kReadAtOnce);
      if (events.length === 0) return;
      yield* events;
      from = events.at(-1)[0] + 1;
    }
  };
  const { events, problems: lost } = await soak.ledger.compare(log());
  const { lines, problems: grown } = judge(samples);
  const strange = Object.entries(soak.failures).map(([code, n]) => `${n} calls failed: ${code}`);
  const problems = [...lost, ...strange, ...grown];

  const [first, last] = [samples[0], samples.at(-1)];
  const perEntry = ((last.logMiB - first.logMiB) * 2 ** 20) / (last.head - first.head);
  const chromium = soak.context.browser()?.version() ?? "?";
  const title = `tablog, ${minutes} min of ${kTabs} tabs, seed ${seed}, Chromium ${chromium}`;
  await mkdir(output, { recursive: true });
  const kept = { title, endings: soak.endings, failures: soak.failures, problems, samples };
  await writeFile(join(output, "samples.json"), `${JSON.stringify(kept, undefined, 1)}\n`);
  await writeFile(
    join(output, "soak.svg"),
    plot(`${title} (shaded: warm-up, not judged)`, charts, samples),
  );

  const endings = Object.entries(soak.endings).map(([how, n]) => `${n} ${how}`);
  console.log(
    [
      `${title}; build/soak/soak.svg`,
      ...lines.map((line) => `  ${line}`),
      `  ends of tabs: ${endings.join(", ")}; ${last.term - first.term} changes of the leader`,
      `  most sessions: ${Math.max(...samples.map(({ sessions }) => sessions))} open, ${Math.max(...samples.map(({ storedSessions }) => storedSessions))} in the database`,
      `  the WAL: at most ${Math.max(...samples.map(({ walMiB }) => walMiB)).toFixed(1)} MiB; OPFS: at most ${Math.max(...samples.map(({ opfsMiB }) => opfsMiB)).toFixed(1)} MiB`,
      `  ${last.head} entries, ${perEntry.toFixed(0)} bytes of the log's files for each that was added`,
    ].join("\n"),
  );
  for (const problem of problems.slice(0, kProblemsShown)) console.error(`FAIL ${problem}`);
  if (problems.length > kProblemsShown) console.error(`… ${problems.length} problems in all`);
  console.log(
    `${minutes} min, ${soak.ledger.acknowledged} acknowledged appends among ${events} events, ${problems.length === 0 ? "none lost, all bounded" : `${problems.length} problems`}`,
  );
  if (problems.length > 0) process.exitCode = 1;
}

await main();
