// Replicas: the memory that one takes beside its database, how long joining takes, and what a leader's appends
// notice of it.
import { milliseconds, table } from "../scripts/table.mjs";
import { BenchTab } from "./bench_tab.mjs";
import { quantile } from "./figures.mjs";

const kSizes = [10e6, 50e6];
const kEntries = 5000;
const kPerSecond = 100;

/** What a replica may take: so many times its database, and so many bytes. */
const kFactor = 1.5;
const kBytes = 12e6;

/**
 * @param {{ context: import("playwright-core").BrowserContext, url: string }} bench
 * @param {{ joins: number }} plan
 */
export async function measureReplicas(bench, { joins }) {
  const figures = [];
  for (const size of kSizes) {
    const name = `replicas-${size}`;
    const open = (tab, replica) =>
      BenchTab.open(bench, "replica", "open", { name, tab: `${name}-${tab}`, replica });
    const leader = await open("leader", "none");
    await leader.call("fill", size);
    const joined = { idle: [], busy: [] };
    let tabs = 0;
    const join = async (kind) => {
      const tab = await open(`late-${tabs++}`, "memory");
      joined[kind].push(await tab.call("joined"));
      return tab;
    };

    const late = await join("idle");
    const state = await leader.call("stateBytes");
    const memory = [{ when: "after joining", state, bytes: await late.call("memory", "replica") }];
    await leader.call("goOn", kEntries);
    memory.push({
      when: `after ${kEntries} entries`,
      state: await leader.call("stateBytes"),
      bytes: await late.call("memory", "replica"),
    });
    await late.close();

    for (let i = 1; i < joins; i++) await (await join("idle")).close();
    const alone = await leader.call("appendFor", 500 * joins, kPerSecond);
    const busy = [];
    for (let i = 0; i < joins; i++) {
      const appends = leader.call("appendFor", 3000, kPerSecond);
      const tab = await join("busy");
      busy.push(...(await appends));
      await tab.close();
    }
    figures.push({ memory, joined, appends: { alone, busy } });
    await leader.close();
  }
  return figures;
}

/** @param {Awaited<ReturnType<typeof measureReplicas>>} figures */
export function printReplicas(figures) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const times = (samples) =>
    [0.5, 0.95, 1].map((share) => milliseconds(quantile(samples, share))).join(" / ");
  const rows = figures.flatMap(({ memory }) =>
    memory.map(({ when, state, bytes }) => [
      when,
      megabytes(state),
      megabytes(bytes),
      ((bytes - kBytes) / state).toFixed(2),
    ]),
  );
  const joins = figures.flatMap(({ memory: [{ state }], joined, appends }) => [
    [
      megabytes(state),
      "at rest",
      times(joined.idle.map(({ openMs }) => openMs)),
      Math.min(...joined.idle.map(({ progressTold }) => progressTold)),
      times(appends.alone),
    ],
    [
      megabytes(state),
      `${kPerSecond} appends/s`,
      times(joined.busy.map(({ openMs }) => openMs)),
      Math.min(...joined.busy.map(({ progressTold }) => progressTold)),
      times(appends.busy),
    ],
  ]);
  console.log(
    [
      "\na replica's wasm memory, which never shrinks: so it is also the most that it has had",
      table(["", "database, MB", "memory, MB", "(memory − 12 MB) : database"], rows),
      `at most ${kFactor} are wanted`,
      "joining late; an append in the leading tab, without and with tabs that join; ms, median / 95th percentile / worst",
      table(["database, MB", "the leader", "openStore", "progress told", "append"], joins),
    ].join("\n\n"),
  );
}
