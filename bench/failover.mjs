// Failover: from the end of the leading tab to the next append that is acknowledged in another tab; beside it
// the least that any failover takes, a lock and one file handle that change hands.
import { setTimeout as sleep } from "node:timers/promises";
import { BenchTab } from "./bench_tab.mjs";
import { endings } from "./endings.mjs";

/** Tabs have been open for a while when another one ends. */
const kOpenForMs = 500;

/** @param {string} ending */
export const failoverAfter = (ending) => `failover after ${ending}`;

/**
 * @param {{ context: import("playwright-core").BrowserContext, url: string }} bench
 * @param {import("./figures.mjs").Figures} figures
 * @param {{ failovers: number, entries: number }} plan
 * @param {readonly (keyof typeof endings)[]} kinds
 */
export async function measureFailover(bench, figures, { failovers, entries }, kinds) {
  const openStore = () =>
    BenchTab.open(bench, "tablog", "open", { name: "failover", rows: entries });
  const openHeir = () => BenchTab.open(bench, "bare", "openHeir", { name: "heir" });
  let leader = await openStore();
  let holder = await openHeir();
  await holder.call("inherited");

  for (let i = 0; i < failovers; i++) {
    for (const kind of kinds) {
      const next = await openHeir();
      await next.lockAwaited("heir");
      await sleep(kOpenForMs);
      const released = await endings[kind](holder);
      figures.add(failoverAfter(kind), "bare", [(await next.call("inherited")) - released]);
      await holder.close();
      holder = next;

      const heir = await openStore();
      await heir.lockAwaited(":leader");
      await sleep(kOpenForMs);
      await heir.call("beginFailover");
      const ended = await endings[kind](leader);
      figures.add(failoverAfter(kind), "tablog", [(await heir.call("failedOver")) - ended]);
      await leader.close();
      leader = heir;
    }
  }
  await Promise.all([leader.close(), holder.close()]);
}
