// `./dev bench`: tablog beside the bare platform and the official sqlite-wasm (opfs-sahpool), in one run of
// one Chromium. Prints medians and writes build/bench/figures.json. `--quick`: a smoke run.
// `--failovers N`: only failovers, N after every way in which a leader can end; build/bench/failovers.json.
// `--watches`: only 1,000 watches in one tab; build/bench/watches.json.
// `--replicas`: only what replicas take, and joining; build/bench/replicas.json.
// `--start`: only how long a store of 1,000,000 entries takes to its first append; build/bench/start.json.
//
// Rounds are interleaved, so that a machine that slows down slows everyone down. The pages are
// cross-origin isolated for the finer clock only (5 µs instead of 100); tablog does not need it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { launchBrowser, launchWithHiddenTabs } from "../scripts/browser.mjs";
import { root } from "../scripts/lib.mjs";
import { builtPackage } from "../scripts/package.mjs";
import { serve } from "../scripts/static_server.mjs";
import { BenchTab } from "./bench_tab.mjs";
import { endings } from "./endings.mjs";
import { measureFailover } from "./failover.mjs";
import { Figures } from "./figures.mjs";
import { print, printFailovers } from "./print.mjs";
import { measureReplicas, printReplicas } from "./replicas.mjs";
import { measureStart, printStart } from "./start.mjs";
import { failoverTargets, targetsOf } from "./targets.mjs";
import { measureWatches, printWatches } from "./watches.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    failovers: { type: "string" },
    watches: { type: "boolean", default: false },
    replicas: { type: "boolean", default: false },
    start: { type: "boolean", default: false },
  },
});

// Times per round, rows in the tables, entries in the log whose leader is killed.
const plan = options.quick
  ? {
      rounds: 1,
      appends: 10,
      points: 10,
      ranges: 3,
      trips: 20,
      rows: 2000,
      failovers: 1,
      entries: 2000,
    }
  : {
      rounds: 5,
      appends: 200,
      points: 200,
      ranges: 40,
      trips: 200,
      rows: 20_000,
      failovers: 7,
      entries: 100_000,
    };

const output = join(root, "build/bench");

async function main() {
  const server = await serve(
    {
      "/": join(root, "bench/pages"),
      "/tablog/": builtPackage(),
      "/sqlite/": join(root, "node_modules/@sqlite.org/sqlite-wasm/dist"),
    },
    {
      headers: {
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      },
    },
  );
  // Failovers as users have them, the leading tab mostly in the background; a visible one is never frozen.
  const browser = await (options.failovers === undefined
    ? launchBrowser()
    : launchWithHiddenTabs());
  try {
    const bench = { context: browser.context, url: server.url };
    const figures = new Figures(plan.entries);
    const machine = {
      chromium: browser.context.browser()?.version() ?? "?",
      processors: availableParallelism(),
    };
    if (options.failovers !== undefined) {
      const failovers = Number(options.failovers);
      const kinds = /** @type {(keyof typeof endings)[]} */ (Object.keys(endings));
      await measureFailover(bench, figures, { ...plan, failovers }, kinds);
      const targets = failoverTargets(figures);
      printFailovers(figures, targets, machine);
      return await save("failovers.json", { ...machine, figures, targets });
    }
    if (options.watches) {
      const watches = await measureWatches(bench, plan);
      printWatches(watches);
      return await save("watches.json", { ...machine, watches });
    }
    if (options.replicas) {
      const replicas = await measureReplicas(bench, { joins: options.quick ? 2 : 7 });
      printReplicas(replicas);
      return await save("replicas.json", { ...machine, replicas });
    }
    if (options.start) {
      const small = { entries: 50_000, starts: 3 };
      const start = await measureStart(
        bench,
        options.quick ? small : { entries: 1_000_000, starts: 15 },
      );
      printStart(start);
      return await save("start.json", { ...machine, start });
    }
    await measureCalls(bench, figures);
    await measureChannels(bench, figures);
    await measureFailover(bench, figures, plan, ["SIGKILL"]);
    const targets = targetsOf(figures, await sizes());
    print(figures, targets, machine);
    const name = options.quick ? "quick.json" : "figures.json";
    await save(name, { ...machine, quick: options.quick, figures, targets });
  } finally {
    await browser.close();
    await server.close();
  }
}

async function save(name, report) {
  await mkdir(output, { recursive: true });
  await writeFile(join(output, name), `${JSON.stringify(report, undefined, 2)}\n`);
}

/** Appends and queries of every contender, in turns. */
async function measureCalls(bench, figures) {
  const { rows } = plan;
  const open = (module, options) => BenchTab.open(bench, module, "open", { rows, ...options });
  const contenders = {
    bare: await open("bare", { name: "bare.bin" }),
    sahpool: await open("sahpool", { name: "default", journal: "default" }),
    "sahpool, WAL": await open("sahpool", { name: "wal", journal: "wal" }),
    tablog: await open("tablog", { name: "calls" }),
    "tablog, other tab": await open("tablog", { name: "calls" }),
  };
  const measurements = {
    "append, awaited": ["appendAwaited", plan.appends],
    "1,000 appends, not awaited": ["appendNotAwaited", 1000],
    "batch of 10,000": ["appendBatch", 10_000],
    "query of one row": ["pointQuery", plan.points],
    "query of 1,000 rows": ["rangeQuery", plan.ranges, 1000],
  };
  for (let round = 0; round < plan.rounds; round++) {
    for (const [name, [operation, ...parameters]] of Object.entries(measurements)) {
      for (const [contender, tab] of Object.entries(contenders)) {
        if (await tab.offers(String(operation))) {
          figures.add(name, contender, await tab.call(String(operation), ...parameters));
        }
      }
    }
  }
  await Promise.all(Object.values(contenders).map((tab) => tab.close()));
}

/** What a message to another tab costs, there and back. */
async function measureChannels(bench, figures) {
  const [one, other] = await Promise.all(
    [1, 2].map(() => BenchTab.open(bench, "bare", "openChannels")),
  );
  for (let round = 0; round < plan.rounds; round++) {
    figures.add(
      "BroadcastChannel, round trip",
      "bare",
      await one.call("broadcastRoundTrip", plan.trips),
    );
    figures.add("MessagePort, round trip", "bare", await one.call("portRoundTrip", plan.trips));
  }
  await Promise.all([one.close(), other.close()]);
}

/** @returns {Promise<Record<string, number>>} Bytes, gzipped. */
async function sizes() {
  const gzipped = async (name) =>
    gzipSync(new Uint8Array(await readFile(join(builtPackage(), name))), { level: 9 }).length;
  const [page, worker, wasm] = await Promise.all(
    ["index.js", "worker.js", "tablog.wasm"].map(gzipped),
  );
  return { wasm, javaScript: page + worker };
}

await main();
