// What must hold after any fault: what every tab says, against what the tabs were told meanwhile.
import { expect } from "@playwright/test";
import { violations, type Expectation, type Logged } from "./history_checker.js";
import type { Tab } from "./tab.js";

/** Stops the writers of the tabs that live and checks the history of all tabs, the dead ones' too. */
export async function checkHistory(
  living: readonly Tab[],
  expectation: Omit<Expectation, "stopped"> = {},
): Promise<void> {
  const [first] = living;
  if (first === undefined) throw new Error("no tab is left to say what is there");
  await Promise.all(living.map((tab) => tab.stopWriting()));
  const log = await readLog(first);
  const head = log.length;
  for (const tab of living)
    await expect.poll(async () => (await tab.status()).applied).toBeGreaterThanOrEqual(head);
  const items = log.flatMap(({ id, index }) => (id === null ? [] : [{ id, at: index }]));
  for (const tab of living)
    expect(await tab.query("SELECT id, at FROM item ORDER BY seq"), tab.label).toEqual(items);
  const stopped = living.map(({ label }) => label);
  expect(violations(first.history.steps, log, { ...expectation, stopped })).toEqual([]);
}

// Of entries that a compaction has freed the state's rows tell, and nothing of their terms.
function readLog(tab: Tab): Promise<Logged[]> {
  return tab.page.evaluate(async () => {
    const first = await lab.firstIndex();
    const items = await store.query<{ id: string; at: number }>("SELECT id, at FROM item");
    const ids = new Map(items.map(({ id, at }) => [at, id]));
    const entries = Array.from({ length: first - 1 }, (_, i): Logged => {
      return { index: i + 1, term: 0, id: ids.get(i + 1) ?? null };
    });
    for await (const { index, term, ...entry } of store.read({ from: first, control: true })) {
      const id = entry.kind === "event" ? entry.args["id"] : null;
      entries.push({ index, term, id: typeof id === "string" ? id : null });
    }
    return entries;
  });
}
