// What the figures are to reach, and what they are.
import { count, milliseconds } from "../scripts/table.mjs";
import { endings } from "./endings.mjs";
import { failoverAfter } from "./failover.mjs";
import { quantile } from "./figures.mjs";

/**
 * @typedef {{ name: string, limit: string, measured: string, met: boolean }} Target
 * @param {import("./figures.mjs").Figures} figures
 * @param {Record<string, number>} sizes Bytes, gzipped.
 * @returns {Target[]}
 */
export function targetsOf(figures, sizes) {
  const median = (measurement, contender) => figures.median(measurement, contender);
  const append = median("append, awaited", "tablog") / median("append, awaited", "sahpool");
  const rate =
    median("1,000 appends, not awaited", "sahpool") /
    median("1,000 appends, not awaited", "tablog");
  const failover = median("failover after SIGKILL", "tablog");
  const failoverMax = 2 * median("failover after SIGKILL", "bare") + 30;
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  return [
    {
      name: "awaited append in the leader's tab, to sahpool's one-row transaction",
      limit: "≤ 0.30 ×",
      measured: `${append.toFixed(2)} ×`,
      met: append <= 0.3,
    },
    {
      name: "rate of appends not awaited, to sahpool's",
      limit: "≥ 15 ×",
      measured: `${rate.toFixed(1)} ×`,
      met: rate >= 15,
    },
    {
      name: `failover, with ${count(figures.entries)} entries`,
      limit: `≤ ${milliseconds(failoverMax)} ms (2 × bare + 30)`,
      measured: `${milliseconds(failover)} ms`,
      met: failover <= failoverMax,
    },
    {
      name: "tablog.wasm, gzipped",
      limit: "≤ 480 KB",
      measured: kilobytes(sizes.wasm),
      met: sizes.wasm <= 480_000,
    },
    {
      name: "JavaScript of page and workers, gzipped",
      limit: "≤ 25 KB",
      measured: kilobytes(sizes.javaScript),
      met: sizes.javaScript <= 25_000,
    },
  ];
}

/**
 * Of every way in which a leader can end: the median at most 2 times, the 95th percentile at most 4 times the
 * bare platform's median, plus 15 ms.
 * @param {import("./figures.mjs").Figures} figures
 * @returns {Target[]}
 */
export function failoverTargets(figures) {
  const target = (ending, what, share, times) => {
    const name = failoverAfter(ending);
    const measured = quantile(figures.of(name, "tablog"), share);
    const limit = times * figures.median(name, "bare") + 15;
    return {
      name: `${name}: ${what}`,
      limit: `≤ ${milliseconds(limit)} ms (${times} × bare + 15)`,
      measured: `${milliseconds(measured)} ms`,
      met: measured <= limit,
    };
  };
  return Object.keys(endings).flatMap((ending) => [
    target(ending, "median", 0.5, 2),
    target(ending, "95th percentile", 0.95, 4),
  ]);
}
