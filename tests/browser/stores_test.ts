// The stores of an origin: listed, and deleted.
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

function list(tab: Tab): Promise<string[]> {
  return tab.page.evaluate(() => tablog.listStores());
}

function deleteStore(tab: Tab, name: string): Promise<{ code?: string }> {
  return tab.page.evaluate((store) => lab.attempt(() => tablog.deleteStore(store)), name);
}

test("stores are listed by their names, whatever those are, open or not", async ({
  newTab,
  name,
}) => {
  const tab = await newTab();
  const names = [name, `${name}/../é 🎈`, `${name} ${"long ".repeat(60)}`];
  for (const each of names) {
    await tab.openStore({ name: each });
    await expect.poll(() => list(tab)).toContain(each);
    await tab.page.evaluate(() => store.close());
  }
  expect(await list(tab)).toEqual(expect.arrayContaining(names));
});

test("a store is deleted when no tab has it open, and then begins anew", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [a, b] = await openTabs(2);
  const tab = await newTab();
  await a.page.evaluate(() => store.append("item.added", { id: "1", tab: "a" }));
  expect(await deleteStore(tab, name)).toMatchObject({ code: "StorageUnavailable" });
  await a.page.evaluate(() => store.close());
  expect(await deleteStore(tab, name)).toMatchObject({ code: "StorageUnavailable" });
  expect(await b.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 1 }]);
  await b.page.evaluate(() => store.close());
  expect(await deleteStore(tab, name)).toEqual({});
  expect(await list(tab)).not.toContain(name);
  expect(await deleteStore(tab, name)).toEqual({});
  await tab.openStore({ name });
  expect(await tab.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 0 }]);
});
