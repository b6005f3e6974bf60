// The leader's tab ends in every way that there is, while three tabs append: the others go on, and
// nothing is lost or doubled. Five runs each.
import { checkHistory } from "./checker.js";
import { expect, test } from "./fixtures.js";
import type { Tab } from "./tab.js";

const kRuns = 5;
const kInFlight = 8;
const kSome = 25;

/** How the leader ends. What becomes of its tab: gone, or back with the store open in the same page. */
const endings: { what: string; end: (leader: Tab, url: string) => Promise<"gone" | "back"> }[] = [
  {
    what: "its renderer is killed",
    end: async (leader) => {
      await leader.kill();
      return "gone";
    },
  },
  {
    what: "its renderer crashes",
    end: async (leader) => {
      await leader.crash();
      return "gone";
    },
  },
  {
    what: "its tab is closed",
    end: async (leader) => {
      await leader.close();
      return "gone";
    },
  },
  {
    what: "its tab is reloaded",
    end: async (leader) => {
      await leader.page.reload();
      return "gone";
    },
  },
  {
    what: "its worker ends",
    end: async (leader) => {
      await leader.endWorker("leader");
      return "back";
    },
  },
  {
    what: "its replica worker ends as well",
    end: async (leader) => {
      await Promise.all([leader.endWorker("replica"), leader.endWorker("leader")]);
      return "back";
    },
  },
];

async function threeWriters(openTabs: (count: number) => Promise<Tab[]>): Promise<[Tab, Tab, Tab]> {
  const [a, b, c] = await openTabs(3);
  if (!a || !b || !c) throw new Error("three tabs were asked for");
  expect(await a.leads()).toBe(true);
  for (const [label, tab] of Object.entries({ a, b, c })) await tab.startWriting(label, kInFlight);
  for (const tab of [a, b, c]) await tab.progress(kSome);
  return [a, b, c];
}

for (const { what, end } of endings) {
  for (let run = 1; run <= kRuns; ++run) {
    test(`the leader fails over when ${what}, run ${run}`, async ({ openTabs, url }) => {
      const [a, b, c] = await threeWriters(openTabs);
      const termBefore = (await b.status()).term;
      const fate = await end(a, url);
      for (const tab of [b, c]) await tab.progress(kSome);
      expect((await b.status()).term).toBeGreaterThan(termBefore);
      if (fate === "back") {
        await a.progress(kSome);
        await checkHistory([a, b, c]);
      } else {
        await checkHistory([b, c], [a]);
      }
    });
  }
}

for (let run = 1; run <= kRuns; ++run) {
  test(`the leader fails over when its tab navigates, and the tab comes back, run ${run}`, async ({
    openTabs,
    url,
  }) => {
    const [a, b, c] = await threeWriters(openTabs);
    await a.page.goto(`${url}elsewhere.html`);
    for (const tab of [b, c]) await tab.progress(kSome);
    await a.goBack();
    // From the back/forward cache the page goes on where it was; otherwise it is a new one.
    if (await a.page.evaluate(() => "store" in globalThis)) {
      await a.progress(kSome);
      await checkHistory([a, b, c]);
    } else {
      await checkHistory([b, c], [a]);
    }
  });

  test(`a tab whose replica worker ends goes on, run ${run}`, async ({ openTabs }) => {
    const [a, b, c] = await threeWriters(openTabs);
    await b.endWorker("replica");
    for (const tab of [a, b, c]) await tab.progress(kSome);
    await checkHistory([a, b, c]);
  });
}

test("the only tab navigates away and comes back: from the cache or anew, it leads again", async ({
  openTabs,
  name,
  url,
}) => {
  const [tab] = await openTabs(1);
  if (!tab) throw new Error("a tab was asked for");
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
  openTabs,
  newTab,
  name,
}) => {
  const tabs = await openTabs(2);
  for (const [i, tab] of tabs.entries()) await tab.startWriting(String(i), kInFlight);
  for (const tab of tabs) await tab.progress(kSome);
  const processes = await Promise.all(tabs.map((tab) => tab.process()));
  await Promise.all(tabs.map((tab, i) => tab.kill(processes[i])));
  const again = await newTab();
  await again.openStore({ name });
  await again.startWriting("again", 1);
  await again.progress(1);
  await checkHistory([again], tabs);
});
