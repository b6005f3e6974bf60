// What the leader does, and how far the tabs are: plotted once a second.

import { milliseconds } from "./format.js";
import type { Monitor } from "./monitor.js";
import { Section } from "./parts.js";
import { Plot, type Line } from "./plot.js";

const kRates: readonly Line[] = [
  { name: "entries", of: (s) => s.entriesPerSecond, colour: "--series-1" },
  { name: "flushes", of: (s) => s.flushesPerSecond, colour: "--series-2" },
];
const kBatches: readonly Line[] = [
  { name: "mean", of: (s) => s.entriesPerBatch, colour: "--series-1" },
];
const kLatencies: readonly Line[] = [
  { name: "p50", of: (s) => s.latencyP50, colour: "--series-1" },
  { name: "p99", of: (s) => s.latencyP99, colour: "--series-2" },
];
const kTrips: readonly Line[] = [
  { name: "median", of: (s) => s.roundTrip, colour: "--series-1" },
  { name: "slowest", of: (s) => s.roundTripMax, colour: "--series-2" },
];
const rate = (n: number): string =>
  n >= 10_000 ? `${Math.round(n / 1000)}k` : String(Number(n.toFixed(n >= 10 ? 0 : 1)));
const ms = (n: number): string => (n >= 1000 ? milliseconds(n) : `${Number(n.toPrecision(2))} ms`);

export function Plots({ monitor: { samples } }: { monitor: Monitor }) {
  return (
    <Section title="Activity" aside="once a second">
      <div class="plots">
        <Plot
          title="Per second"
          hint="Entries that the leader has written, and its flushes to the disk"
          unit={rate}
          lines={kRates}
          samples={samples}
        />
        <Plot
          title="Entries per batch"
          hint="What queues up while one batch is written is the next; each is one write and one flush"
          unit={rate}
          lines={kBatches}
          samples={samples}
        />
        <Plot
          title="Append latency at the leader"
          hint="From a request's arrival at the leader to its answer, in steps of a factor of two; the way between the tabs is not in it"
          unit={ms}
          lines={kLatencies}
          samples={samples}
        />
        <Plot
          title="Round trip to the tabs"
          hint="From this tab's question to each tab's answer"
          unit={ms}
          lines={kTrips}
          samples={samples}
        />
      </div>
    </Section>
  );
}
