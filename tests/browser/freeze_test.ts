// Tabs that the browser freezes: only hidden ones, so these tests have a browser in which tabs hide each other.
import { launchWithHiddenTabs } from "../../scripts/browser.mjs";
import { checkHistory } from "./checker.js";
import { expect, test as base } from "./fixtures.js";
import { Tab } from "./tab.js";

const kInFlight = 8;
const kSome = 25;

const test = base.extend<{ hidingTabs: (count: number) => Promise<Tab[]> }>({
  hidingTabs: async ({ url, name }, use) => {
    const { context, close } = await launchWithHiddenTabs();
    await use(async (count) => {
      const tabs: Tab[] = [];
      for (let i = 0; i < count; ++i) {
        const tab = await Tab.open(context, url);
        await tab.openStore({ name });
        tabs.push(tab);
      }
      return tabs;
    });
    await close();
  },
});

async function setLifecycle(tab: Tab, state: "frozen" | "active"): Promise<void> {
  const session = await tab.page.context().newCDPSession(tab.page);
  await session.send("Page.setWebLifecycleState", { state });
  await session.detach();
}

for (let run = 1; run <= 5; ++run) {
  test(`the leader fails over when its tab is frozen, and the tab comes back, run ${run}`, async ({
    hidingTabs,
  }) => {
    const [a, b, c] = await hidingTabs(3);
    if (!a || !b || !c) throw new Error("three tabs were asked for");
    expect(await a.leads()).toBe(true);
    expect(await a.page.evaluate(() => document.visibilityState)).toBe("hidden");
    await a.page.evaluate(() => {
      globalThis.frozen = 0;
      document.addEventListener("freeze", () => (globalThis.frozen += 1));
    });
    for (const [label, tab] of Object.entries({ a, b, c }))
      await tab.startWriting(label, kInFlight);
    for (const tab of [a, b, c]) await tab.progress(kSome);
    const { term } = await b.status();
    await setLifecycle(a, "frozen");
    for (const tab of [b, c]) await tab.progress(kSome);
    expect((await b.status()).term).toBeGreaterThan(term);
    await setLifecycle(a, "active");
    await a.progress(kSome);
    expect(await a.page.evaluate(() => globalThis.frozen)).toBe(1);
    await checkHistory([a, b, c]);
  });
}
