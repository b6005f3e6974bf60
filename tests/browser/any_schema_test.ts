// A tab that does not know its app's schema, as a tool's: it follows whichever the log has.
import { expect, test } from "./fixtures.js";
import type { OpenOptions, Tab } from "./tab.js";

const kCount = "SELECT count(*) AS n FROM item";

async function openAny(tab: Tab, name: string, options: OpenOptions = {}): Promise<void> {
  await tab.page.evaluate(
    async ([named, more]) => {
      globalThis.store = await tablog.openStore({ name: named, schema: tablog.anySchema, ...more });
    },
    [name, options] as const,
  );
}

function append(tab: Tab, id: string): Promise<unknown> {
  return tab.page.evaluate((item) => store.append("item.added", { id: item, tab: "t" }), id);
}

for (const replica of ["memory", "none"] as const) {
  test(`replica: "${replica}": a tab without a schema follows the log's, and the next version of it`, async ({
    openTabs,
    newTab,
    name,
  }) => {
    const [app] = await openTabs(1);
    await append(app, "1");
    const tool = await newTab();
    await openAny(tool, name, { replica });
    expect(await tool.query(kCount)).toEqual([{ n: 1 }]);
    await append(app, "2");
    await expect.poll(() => tool.query(kCount)).toEqual([{ n: 2 }]);

    const newer = await newTab();
    await newer.openStore({ name, newer: true });
    await newer.page.evaluate(() => store.append("item.done", { id: "2" }));
    await expect
      .poll(() => tool.query("SELECT id FROM item WHERE done").catch(() => 0))
      .toEqual([{ id: "2" }]);
    expect(await tool.page.evaluate(() => store.verify())).toHaveProperty("tables.item");
    // It leads as any other does.
    await app.close();
    await newer.close();
    await expect.poll(() => tool.leads()).toBe(true);
    const again = await newTab();
    await again.openStore({ name, newer: true });
    await append(again, "3");
    await expect.poll(() => tool.query(kCount)).toEqual([{ n: 3 }]);
  });
}

test("a tab without a schema appends nothing, and says what would", async ({
  openTabs,
  newTab,
  name,
}) => {
  await openTabs(1);
  const tool = await newTab();
  await openAny(tool, name);
  const refused = await tool.page.evaluate(async () => [
    await lab.attempt(() => store.append("item.added", { id: "1", tab: "t" })),
    await lab.attempt(() => store.exec("DELETE FROM item")),
    await lab.attempt(() =>
      store.transaction((t) => t.append("item.added", { id: "1", tab: "t" })),
    ),
  ]);
  for (const each of refused) {
    expect(each).toMatchObject({ code: "InvalidArgument", outcome: "none" });
    expect(each.message).toContain("anySchema");
  }
  expect(await tool.query(kCount)).toEqual([{ n: 0 }]);
});

test("on one page an app and a tool beside it are two tabs of the store", async ({
  openTabs,
  name,
}) => {
  const [app] = await openTabs(1);
  await append(app, "1");
  const seen = await app.page.evaluate(async (named) => {
    const open = { name: named, schema: tablog.anySchema, replica: "none" } as const;
    const [tool, again] = await Promise.all([tablog.openStore(open), tablog.openStore(open)]);
    const ids = [store, tool, again].map((each) => each.status.clientId);
    const tabs = (await tool.tabs()).map(({ id }) => id);
    const rows = await tool.query("SELECT id FROM item");
    await tool.close();
    await again.close();
    return { ids, tabs, rows, left: (await store.tabs()).map(({ id }) => id) };
  }, name);
  const [mine, tool, again] = seen.ids;
  expect(tool).toBe(again);
  expect([...seen.tabs].sort()).toEqual([mine, tool].sort());
  expect(seen.left).toEqual([mine]);
  expect(seen.rows).toEqual([{ id: "1" }]);
});

test("an exported log of any app is imported without its schema, a database is not", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  await tab.openStore({ name: `${name}-source`, newer: true });
  await append(tab, "1");
  const imported = await tab.page.evaluate(async (named) => {
    const log = await store.exportLog();
    const database = await store.exportDatabase();
    const tool = await tablog.openStore({ name: named, schema: tablog.anySchema, replica: "none" });
    const refused = await lab.attempt(() => tool.importDatabase(database));
    const last = await tool.importLog(log);
    const rows = await tool.query("SELECT id, done FROM item");
    await tool.close();
    return { refused: refused.code, same: last >= store.status.head, rows };
  }, name);
  expect(imported).toEqual({
    refused: "InvalidArgument",
    same: true,
    rows: [{ id: "1", done: 0 }],
  });
  await openAny(tab, name);
  expect(await tab.query(kCount)).toEqual([{ n: 1 }]);
});
