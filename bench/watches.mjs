// 1,000 watches on one tab while another appends 100 a second: is the tab still there for its user?
import { milliseconds, table } from "../scripts/table.mjs";
import { BenchTab } from "./bench_tab.mjs";
import { quantile } from "./figures.mjs";

const kWatches = 1000;
const kAppendsPerSecond = 100;
const kMs = 10_000;

/**
 * Each beside the same tabs without any watch.
 * @param {{ context: import("playwright-core").BrowserContext, url: string }} bench
 * @param {{ rows: number }} plan
 */
export async function measureWatches(bench, { rows }) {
  const writer = await BenchTab.open(bench, "tablog", "open", { name: "watches", rows });
  const watching = await BenchTab.open(bench, "tablog", "open", { name: "watches", rows });
  const measure = async () => {
    const [appends, attended] = await Promise.all([
      writer.call("appendSteadily", kAppendsPerSecond, kMs),
      watching.call("attend", kMs),
    ]);
    return { appends, ...attended };
  };
  const without = await measure();
  await watching.call("watch", kWatches);
  const withThem = await measure();
  await Promise.all([writer.close(), watching.close()]);
  return { without, with: withThem };
}

/** @param {Awaited<ReturnType<typeof measureWatches>>} figures */
export function printWatches({ without, with: withThem }) {
  const cell = (samples) =>
    [0.5, 0.95, 1].map((share) => milliseconds(quantile(samples, share))).join(" / ");
  const row = (name, of) => [name, cell(of(without)), cell(of(withThem))];
  console.log(
    [
      "\nmedian / 95th percentile / worst, milliseconds",
      table(
        ["", "no watch", `${kWatches} watches`],
        [
          row("how late a task of the watching page is", ({ late }) => late),
          row("a query of one row in the watching tab", ({ queries }) => queries),
          row("an awaited append in the other tab", ({ appends }) => appends),
        ],
      ),
      `rows told to the page: ${Math.round(withThem.told / (kMs / 1000))} a second`,
    ].join("\n\n"),
  );
}
