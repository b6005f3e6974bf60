// The figures as a table.
import { count, milliseconds, table } from "../scripts/table.mjs";
import { endings } from "./endings.mjs";
import { failoverAfter } from "./failover.mjs";
import { quantile } from "./figures.mjs";

const contenders = ["bare", "sahpool", "sahpool, WAL", "tablog", "tablog, other tab"];
const measurements = [
  "append, awaited",
  "1,000 appends, not awaited",
  "batch of 10,000",
  "query of one row",
  "query of 1,000 rows",
  "failover after SIGKILL",
  "BroadcastChannel, round trip",
  "MessagePort, round trip",
];

const legend = `bare: write + flush of the same bytes by a worker that flushes once for all that waits; failover: lock + one handle
sahpool: the official sqlite-wasm in a worker, its defaults; WAL: with exclusive locking, synchronous = FULL
tablog: in the tab that leads, and in another one`;

/**
 * @param {import("./figures.mjs").Figures} figures
 * @param {import("./targets.mjs").Target[]} targets
 * @param {{ chromium: string, processors: number }} machine
 */
export function print(figures, targets, { chromium, processors }) {
  const cell = (samples) =>
    samples.length === 0
      ? ""
      : `${milliseconds(quantile(samples, 0.5))} (${milliseconds(quantile(samples, 0.95))})`;
  const rows = measurements.map((name) => [
    name,
    ...contenders.map((contender) => cell(figures.of(name, contender))),
  ]);
  console.log(
    [
      `\nChromium ${chromium}, ${processors} processors; milliseconds, median (95th percentile)`,
      table(["", ...contenders], rows),
      legend,
      targetTable(targets),
    ].join("\n\n"),
  );
}

/** @param {import("./targets.mjs").Target[]} targets */
function targetTable(targets) {
  const rows = targets.map(({ name, limit, measured, met }) => [
    met ? "met" : "MISSED",
    measured,
    limit,
    name,
  ]);
  return `${table(["target", "measured", "limit", ""], rows)}\n`;
}

/**
 * @param {import("./figures.mjs").Figures} figures
 * @param {import("./targets.mjs").Target[]} targets
 * @param {{ chromium: string, processors: number }} machine
 */
export function printFailovers(figures, targets, { chromium, processors }) {
  const cells = (samples) => [0.5, 0.95, 1].map((share) => milliseconds(quantile(samples, share)));
  const rows = Object.keys(endings).map((ending) => {
    const name = failoverAfter(ending);
    const ours = figures.of(name, "tablog");
    return [ending, `${ours.length}`, ...cells(ours), ...cells(figures.of(name, "bare"))];
  });
  const head = ["failover after", "times", "median", "95 %", "worst", "bare", "95 %", "worst"];
  console.log(
    [
      `\nChromium ${chromium}, ${processors} processors, ${count(figures.entries)} entries; milliseconds`,
      table(head, rows),
      targetTable(targets),
    ].join("\n\n"),
  );
}
