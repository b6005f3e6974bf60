// Two versions of an app: upcasters, the state made anew, and what becomes of the older tabs.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

/** The tests' schema in its next version: `item.added` says `who` instead of `tab`, and items have a length. */
const kNewer = `(how = {}) => tablog.defineSchema({
  version: 2,
  migrations: [...lab.schema.migrations, "ALTER TABLE item ADD COLUMN length INTEGER"],
  events: {
    ...lab.schema.events,
    "item.added": "INSERT INTO item(id, tab, at, length) VALUES (:id, :who, :$index, length(:id))",
  },
  upcasters: { "item.added": { from: 1, args: "json_object('id', :id, 'who', upper(:tab))" } },
  ...how,
})`;

async function openNewer(tab: Tab, name: string, options: object = {}, how = ""): Promise<unknown> {
  return tab.page.evaluate(
    `lab.attempt(async () => {
      const progress = [];
      globalThis.store = await tablog.openStore({
        name: ${JSON.stringify(name)}, schema: (${kNewer})(${how}), ...${JSON.stringify(options)},
        onProgress: (each) => progress.push(each.done),
      });
      return progress;
    })`,
  );
}

async function append(tab: Tab, count: number): Promise<void> {
  await tab.page.evaluate(async (events) => {
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < events; ++i)
      all.push(store.append("item.added", { id: `i${i}`, tab: "old" }));
    await Promise.all(all);
  }, count);
}

/** What the tab is told of by `error` events, from now on. */
function listen(tab: Tab): Promise<void> {
  return tab.page.evaluate(() => {
    const told: string[] = [];
    store.addEventListener("error", ({ error }) => told.push(error.code));
    Object.assign(globalThis, { told });
  });
}

test("an older tab is told once to reload, loses nothing, and its events are translated", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [leading, other] = await openTabs(2);
  await append(leading, 2);
  await Promise.all([listen(leading), listen(other)]);
  // Issued by the older version, taken by the newer one.
  await other.page.evaluate(() => {
    const pending: Promise<{ index: number }>[] = [];
    const go = (): void => {
      pending.push(store.append("item.added", { id: `p${pending.length}`, tab: "old" }));
      if (pending.length < 200) setTimeout(go, 1);
    };
    go();
    Object.assign(globalThis, { pending });
  });
  const newer = await newTab();
  expect(await openNewer(newer, name)).toHaveProperty("value");
  const settled = await other.page.evaluate(async () => {
    const { pending, told } = globalThis as unknown as {
      pending: Promise<{ index: number }>[];
      told: string[];
    };
    while (pending.length < 200) await new Promise((resolve) => setTimeout(resolve, 5));
    const indexes = (await Promise.all(pending)).map(({ index }) => index);
    const later = await store.append("item.added", { id: "later", tab: "old" });
    const query = await lab.attempt(() => store.query("SELECT 1"));
    return { count: new Set([...indexes, later.index]).size, told, query: query.code };
  });
  expect(settled).toEqual({ count: 201, told: ["SchemaTooOld"], query: "SchemaTooOld" });
  const rows = await newer.query(
    "SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(tab = 'OLD') AS translated FROM item",
    [],
  );
  expect(rows[0]).toMatchObject({ n: 203, ids: 203 });
  expect(rows[0]?.["translated"]).toBeGreaterThan(0);
  expect(await newer.query("SELECT tab, length FROM item WHERE id = 'later'")).toEqual([
    { tab: "OLD", length: 5 },
  ]);
  // The log alone gives the same.
  expect(await newer.page.evaluate(() => lab.attempt(() => store.verify()))).toHaveProperty(
    "value",
  );
});

test("the state is made anew from all events, and stays so: in other tabs, in the past, after a reload", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [old] = await openTabs(1);
  await append(old, 3000);
  const { head } = await old.status();
  const newer = await newTab();
  expect(await openNewer(newer, name, { onUpgrade: "rebuild" })).toHaveProperty("value");
  const sums =
    "SELECT count(*) AS n, sum(tab = 'OLD') AS who, sum(length = length(id)) AS lengths FROM item";
  const expected = [{ n: 3000, who: 3000, lengths: 3000 }];
  expect(await newer.query(sums)).toEqual(expected);
  const counts = await newer.page.evaluate(async () => (await store.stats())["rebuild"]);
  expect(counts).toEqual({ events: 3000, unknown: 0, failed: 0, exec: 0 });

  const third = await newTab();
  expect(await openNewer(third, name, { onUpgrade: "rebuild" })).toHaveProperty("value");
  expect(await third.query(sums)).toEqual(expected);
  const past = await third.page.evaluate(async (before) => {
    const states: unknown[] = [];
    for (const index of [before, before + 1, store.status.head]) {
      const at = await store.at(index);
      const columns = await at.query("SELECT name FROM pragma_table_info('item') ORDER BY cid");
      const rows = await at.query("SELECT count(*) AS n, sum(tab = 'OLD') AS who FROM item");
      states.push([columns.length, rows[0]?.["n"], rows[0]?.["who"]]);
      await at.close();
    }
    return states;
  }, head);
  expect(past).toEqual([
    [4, 3000, 0],
    [5, 3000, 3000],
    [5, 3000, 3000],
  ]);
  expect(await third.page.evaluate(() => lab.attempt(() => store.verify()))).toHaveProperty(
    "value",
  );

  await Promise.all([old, newer].map((tab) => tab.close()));
  expect(await third.query(sums)).toEqual(expected); // its own leader by now, or soon
  await third.page.reload();
  await third.loaded();
  expect(await openNewer(third, name)).toHaveProperty("value");
  expect(await third.query(sums)).toEqual(expected);
});

test("what stands in the way of a rebuild is told, and the store goes on as it was", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [old] = await openTabs(1);
  await append(old, 5);
  await old.page.evaluate(() => store.exec("UPDATE item SET at = 0 WHERE id = 'i1'"));
  const newer = await newTab();
  const refused = await openNewer(newer, name, { onUpgrade: "rebuild" });
  expect(refused).toMatchObject({ code: "Rejected" });
  expect(refused).toHaveProperty("message", expect.stringContaining("exec"));
  const without = `{ events: { "item.valued": lab.schema.events["item.valued"] }, upcasters: {} }`;
  expect(await openNewer(newer, name, { onUpgrade: "rebuild" }, without)).toMatchObject({
    code: "UnknownEvent",
  });
  await append(old, 1);
  expect(await old.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 6 }]);

  const skips = { onUpgrade: "rebuild", rebuild: { execEntries: "skip" } };
  expect(await openNewer(newer, name, skips)).toHaveProperty("value");
  const counts = await newer.page.evaluate(async () => (await store.stats())["rebuild"]);
  expect(counts).toMatchObject({ events: 6, exec: 1 });
  expect(await newer.query("SELECT count(*) AS n, min(at) > 0 AS anew FROM item")).toEqual([
    { n: 6, anew: 1 },
  ]);
});

test("a rebuild outlives the deaths of the leaders that are at it", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [a, b] = await openTabs(2);
  await append(a, 4000);
  const newer = await newTab();
  const opened = openNewer(newer, name, { onUpgrade: "rebuild" });
  await a.endWorker("leader");
  await b.endWorker("leader");
  await a.kill();
  expect(await opened).toHaveProperty("value");
  expect(await newer.query("SELECT count(*) AS n, sum(tab = 'OLD') AS who FROM item")).toEqual([
    { n: 4000, who: 4000 },
  ]);
});
