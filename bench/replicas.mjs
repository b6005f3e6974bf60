// Replicas: the memory that one takes beside its database, how long joining takes, and what a leader's appends
// notice of it.
import { milliseconds, table } from "../scripts/table.mjs";
import { BenchTab } from "./bench_tab.mjs";
import { quantile } from "./figures.mjs";

const kSizes = [10e6, 50e6];
const kEntries = 5000;
const kPerSecond = 100;
const kWindowMs = 2000; // of appends, with one tab that joins or none

/** What goes on while the leading tab appends. */
const kMeanwhile = {
  alone: "nothing",
  streaming: "a snapshot goes to a tab that is there",
  joining: "a tab is opened and joins",
};

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
    const appendForAWindow = () => leader.call("appendFor", kWindowMs, kPerSecond);
    /** @type {Record<keyof typeof kMeanwhile, number[][]>} */
    const appends = { alone: [], streaming: [], joining: [] };
    const other = await open("other", "none");
    for (let i = 0; i < joins; i++) {
      appends.alone.push(await appendForAWindow());
      const [streaming] = await Promise.all([appendForAWindow(), other.call("exportDatabase")]);
      appends.streaming.push(streaming);
      const [joining, tab] = await Promise.all([appendForAWindow(), join("busy")]);
      appends.joining.push(joining);
      await tab.close();
    }
    await other.close();
    figures.push({ memory, joined, appends });
    await leader.close();
  }
  return figures;
}

/** @param {Awaited<ReturnType<typeof measureReplicas>>} figures */
export function printReplicas(figures) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const times = (samples) =>
    [0.5, 0.95, 1].map((share) => milliseconds(quantile(samples, share))).join(" / ");
  const appended = (windows) => [
    times(windows.flat()),
    milliseconds(
      quantile(
        windows.map((window) => quantile(window, 1)),
        0.5,
      ),
    ),
  ];
  const rows = figures.flatMap(({ memory }) =>
    memory.map(({ when, state, bytes }) => [
      when,
      megabytes(state),
      megabytes(bytes),
      ((bytes - kBytes) / state).toFixed(2),
    ]),
  );
  const joins = figures.flatMap(({ memory: [{ state }], joined }) =>
    Object.entries(joined).map(([leader, each]) => [
      megabytes(state),
      leader === "idle" ? "at rest" : `${kPerSecond} appends/s`,
      times(each.map(({ openMs }) => openMs)),
      Math.min(...each.map(({ progressTold }) => progressTold)),
    ]),
  );
  const meanwhile = figures.flatMap(({ memory: [{ state }], appends }) =>
    Object.entries(kMeanwhile).map(([kind, words]) => [
      megabytes(state),
      words,
      ...appended(appends[kind]),
    ]),
  );
  console.log(
    [
      "\na replica's wasm memory, which never shrinks: so it is also the most that it has had",
      table(["", "database, MB", "memory, MB", "(memory − 12 MB) : database"], rows),
      `at most ${kFactor} are wanted`,
      "openStore in a tab that joins late; ms, median / 95th percentile / worst",
      table(["database, MB", "the leader", "openStore", "progress told"], joins),
      `an awaited append in the leading tab, ${kPerSecond} a second; the same, and the worst of ${kWindowMs / 1000} s, the median of these`,
      table(["database, MB", "meanwhile", "append", "worst"], meanwhile),
    ].join("\n\n"),
  );
}
