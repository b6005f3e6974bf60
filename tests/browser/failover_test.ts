// What the fault matrix has no place for: a store with nobody left, and what the matrix itself relies on.
import { checkHistory } from "./checker.js";
import { expect, test } from "./fixtures.js";
import { goOn, join, threeWriters } from "./stage.js";

test("the only tab navigates away and comes back: from the cache or anew, it leads again", async ({
  openTabs,
  name,
  url,
}) => {
  const [tab] = await openTabs(1);
  await tab.page.evaluate(() => store.append("item.added", { id: "before", tab: "a" }));
  await tab.page.goto(`${url}elsewhere.html`);
  await tab.goBack();
  if (!(await tab.page.evaluate(() => "store" in globalThis))) await tab.openStore({ name });
  await tab.page.evaluate(() => store.append("item.added", { id: "after", tab: "a" }));
  expect(await tab.leads()).toBe(true);
  expect(await tab.query("SELECT id FROM item ORDER BY seq")).toEqual([
    { id: "before" },
    { id: "after" },
  ]);
});

test("three tabs have three renderer processes", async ({ openTabs }) => {
  const tabs = await openTabs(3);
  const processes = await Promise.all(tabs.map((tab) => tab.process()));
  expect(new Set(processes).size).toBe(3);
});

test("all tabs are killed at once: what was acknowledged is there afterwards", async ({
  newTab,
  name,
}) => {
  const tabs = await threeWriters(newTab, name);
  const processes = await Promise.all(tabs.map((tab) => tab.process()));
  await Promise.all(tabs.map((tab, i) => tab.kill(processes[i])));
  const again = await join(await newTab(), { name }, "again");
  await goOn([again]);
  await checkHistory([again]);
});
