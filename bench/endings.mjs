// The ways in which a tab that holds a lock and files can end. Each gives the time when it began, ms since 1970.
import { killRenderer, processOf } from "../scripts/browser.mjs";

const now = () => performance.timeOrigin + performance.now();

export const endings = {
  SIGKILL: async ({ page }) => killRenderer(page, await processOf(page)),
  "a crash": async ({ page }) => {
    const at = now();
    const crashed = page.waitForEvent("crash");
    await page.goto("chrome://crash").catch(() => undefined);
    await crashed;
    return at;
  },
  "its close": async ({ page }) => {
    const at = now();
    await page.close();
    return at;
  },
  "a reload": async ({ page }) => {
    const at = now();
    await page.reload();
    return at;
  },
  "a navigation": async ({ page }) => {
    const at = now();
    await page.goto("about:blank");
    return at;
  },
  "the end of its worker": ({ page }) =>
    page.evaluate(() => {
      // Of the store's two, the one that leads; the bare page has one only.
      const { workers } = globalThis;
      const leader = workers.findLast(({ name }) => name === "tablog leader") ?? workers.at(-1);
      leader?.worker.terminate();
      return performance.timeOrigin + performance.now();
    }),
  "a freeze": async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    const at = now();
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    return at;
  },
};
