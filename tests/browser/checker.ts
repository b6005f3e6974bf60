// What must hold after any failover: apart from the code under test, from the ids that the writers
// know of.
import { expect } from "@playwright/test";
import type { WriterReport } from "./globals.js";
import type { Tab } from "./tab.js";

interface Item {
  readonly seq: number;
  readonly id: string;
}

/** Stops the writers of the tabs that are left and compares what every tab says with what they did. */
export async function checkHistory(
  living: readonly Tab[],
  dead: readonly Tab[] = [],
): Promise<void> {
  const reports: WriterReport[] = [];
  for (const tab of living) reports.push(await tab.stopWriting());
  expect(reports.flatMap(({ refused }) => refused)).toEqual([]);

  const head = Math.max(
    ...(await Promise.all(living.map((tab) => tab.status()))).map((status) => status.head),
  );
  for (const tab of living)
    await expect.poll(async () => (await tab.status()).applied).toBeGreaterThanOrEqual(head);

  const tables = await Promise.all(
    living.map((tab) => tab.query("SELECT seq, id, tab, at FROM item ORDER BY seq")),
  );
  const [table = []] = tables;
  for (const other of tables) expect(other).toEqual(table);
  const ids = (table as unknown as Item[]).map(({ id }) => id);
  expect(new Set(ids).size, "no append took effect twice").toBe(ids.length);

  const acknowledged = [
    ...reports.flatMap((report) => report.acknowledged),
    ...dead.flatMap((tab) => [...tab.acknowledged]),
  ];
  const present = new Set(ids);
  expect(
    acknowledged.filter((id) => !present.has(id)),
    "no acknowledged append is lost",
  ).toEqual([]);
  for (const report of reports) expect(report.acknowledged.length).toBe(report.issued);
  await checkLog(living[0], ids);
}

// Dense indexes, rising terms, each writer's ids in its order, and the same ids as in the table.
async function checkLog(tab: Tab | undefined, ids: readonly string[]): Promise<void> {
  if (tab === undefined) return;
  const log = await tab.page.evaluate(async () => {
    const entries: { index: number; term: number; id: unknown }[] = [];
    for await (const entry of store.read({ control: true })) {
      entries.push({
        index: entry.index,
        term: entry.term,
        id: entry.kind === "event" ? entry.args["id"] : null,
      });
    }
    return entries;
  });
  expect(log.map(({ index }) => index)).toEqual(log.map((_, at) => at + 1));
  const terms = log.map(({ term }) => term);
  expect(terms).toEqual([...terms].sort((a, b) => a - b));
  const logged = log.flatMap(({ id }) => (typeof id === "string" ? [id] : []));
  expect(logged).toEqual(ids);
  const last = new Map<string, number>();
  for (const id of logged) {
    const [writer = "", number] = id.split("-");
    expect(Number(number), `${id} comes after all that its tab appended before`).toBeGreaterThan(
      last.get(writer) ?? 0,
    );
    last.set(writer, Number(number));
  }
}
