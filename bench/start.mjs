// Start: from the call of openStore to the first append that is acknowledged, of a long log beside a short one.
import { count, milliseconds, table } from "../scripts/table.mjs";
import { BenchTab } from "./bench_tab.mjs";
import { quantile } from "./figures.mjs";

/** Names of the stores. */
const kLong = "long";
const kShort = "short";

/**
 * Every start is that of a page that was just loaded, with no other tab; in turns.
 * @param {{ context: import("playwright-core").BrowserContext, url: string }} bench
 * @param {{ entries: number, starts: number }} plan
 */
export async function measureStart(bench, { entries, starts }) {
  const inFreshTab = async (name, operation, ...parameters) => {
    const tab = await BenchTab.open(bench, "start", "prepare", { name });
    try {
      return await tab.call(operation, ...parameters);
    } finally {
      await tab.close();
    }
  };
  const stores = {};
  for (const [name, length] of /** @type {const} */ ([
    [kShort, 1000],
    [kLong, entries],
  ])) {
    // A call of a bench tab has an end: a long log is filled by several.
    let filled = { entries: 0 };
    for (let goal = 0; filled.entries < length;) {
      goal = Math.min(length, goal + 100_000);
      filled = await inFreshTab(name, "fill", goal);
    }
    stores[name] = { ...filled, opened: [], appended: [] };
  }
  for (let i = 0; i < starts; i++) {
    for (const name of [kShort, kLong]) {
      const { opened, appended } = await inFreshTab(name, "start");
      stores[name].opened.push(opened);
      stores[name].appended.push(appended);
    }
  }
  const median = (name) => quantile(stores[name].appended, 0.5);
  return { stores, ratio: median(kLong) / median(kShort) };
}

/** @param {Awaited<ReturnType<typeof measureStart>>} figures */
export function printStart({ stores, ratio }) {
  const cell = (samples) => [0.5, 0.95].map((share) => milliseconds(quantile(samples, share)));
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  console.log(
    [
      '\nopenStore with replica: "none" in a page that was just loaded, the only tab; ms: median, 95th percentile',
      table(
        ["entries", "log, MB", "state, MB", "open", "", "first append", ""],
        [kShort, kLong].map((name) => {
          const { entries, logBytes, stateBytes, opened, appended } = stores[name];
          const sizes = [count(entries), megabytes(logBytes), megabytes(stateBytes)];
          return [...sizes, ...cell(opened), ...cell(appended)];
        }),
      ),
      `first append, long to short: ${ratio.toFixed(2)} (at most 2 are wanted)`,
    ].join("\n\n"),
  );
}
