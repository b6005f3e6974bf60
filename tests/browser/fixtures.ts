// The browser tests' world: one server and one browser per worker, a store name per test, and tabs that
// are closed after it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect, type BrowserContext } from "@playwright/test";
import { launchBrowser } from "../../scripts/browser.mjs";
import { serve } from "../../scripts/static_server.mjs";
import { Tab, type OpenOptions } from "./tab.js";

/** Another build of the package than dist/ can be tested as well. */
const dist = process.env["TABLOG_DIST"] ?? fileURLToPath(new URL("../../dist", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

interface Shared {
  /** The address of the tests' pages, ending in "/". */
  url: string;
  /** A profile on disk, with the back/forward cache that Playwright turns off by default. */
  profile: BrowserContext;
}

interface Fixtures {
  /** A store name of this test's own. */
  name: string;
  /** Opens a tab on the tests' page. */
  newTab: () => Promise<Tab>;
  /** Opens so many tabs, each with the test's store open; the first is the leader. */
  openTabs: (count: number, options?: OpenOptions) => Promise<Tab[]>;
}

let tests = 0;

export const test = base.extend<Fixtures, Shared>({
  url: [
    async ({}, use) => {
      for (const file of ["index.js", "worker.js", "tablog.wasm"]) {
        if (!existsSync(join(dist, file))) throw new Error(`${dist} has no ${file}: ./dev build`);
      }
      const server = await serve({
        "/": join(root, "tests/browser/pages/"),
        "/dist/": `${dist}/`,
        "/sqlite/": join(root, "node_modules/@sqlite.org/sqlite-wasm/dist/"),
      });
      await use(server.url);
      await server.close();
    },
    { scope: "worker" },
  ],
  profile: [
    async ({}, use) => {
      const ignoreDefaultArgs = ["--disable-back-forward-cache"];
      const { context, close } = await launchBrowser({ context: { ignoreDefaultArgs } });
      await use(context);
      await close();
    },
    { scope: "worker" },
  ],
  name: async ({}, use) => {
    tests += 1;
    await use(`store-${process.pid}-${tests}`);
  },
  newTab: async ({ profile, url }, use) => {
    const tabs: Tab[] = [];
    await use(async () => {
      const tab = await Tab.open(profile, url);
      tabs.push(tab);
      return tab;
    });
    await Promise.all(tabs.map((tab) => tab.close()));
  },
  openTabs: async ({ newTab, name }, use) => {
    await use(async (count, options = {}) => {
      const tabs: Tab[] = [];
      for (let i = 0; i < count; ++i) {
        const tab = await newTab();
        await tab.openStore({ name, ...options });
        tabs.push(tab);
      }
      return tabs;
    });
  },
});

export { expect };
