// Failover: from the SIGKILL to the leading tab's renderer to the next append that is acknowledged in
// another tab; beside it the least that any failover takes, a lock and one file handle that change hands.
import { BenchTab } from "./bench_tab.mjs";

const name = "failover after SIGKILL";

/**
 * @param {{ context: import("playwright-core").BrowserContext, url: string }} bench
 * @param {import("./figures.mjs").Figures} figures
 * @param {{ failovers: number, entries: number }} plan
 */
export async function measureFailover(bench, figures, { failovers, entries }) {
  const openStore = () =>
    BenchTab.open(bench, "tablog", "open", { name: "failover", rows: entries });
  const openHeir = () => BenchTab.open(bench, "bare", "openHeir", { name: "heir" });
  let leader = await openStore();
  let holder = await openHeir();
  await holder.call("inherited");

  for (let i = 0; i < failovers; i++) {
    const next = await openHeir();
    await next.lockAwaited("heir");
    const released = await holder.kill();
    figures.add(name, "bare", [(await next.call("inherited")) - released]);
    holder = next;

    const heir = await openStore();
    await heir.lockAwaited(":leader");
    await heir.call("beginFailover");
    const killed = await leader.kill();
    figures.add(name, "tablog", [(await heir.call("failedOver")) - killed]);
    leader = heir;
  }
  await Promise.all([leader.close(), holder.close()]);
}
