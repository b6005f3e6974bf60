// The browser tests' world: one server and one browser per worker, a store name per test, and tabs that
// are closed after it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";
import { launchBrowser, launchOffTheRecord, launchWithHiddenTabs } from "../../scripts/browser.mjs";
import { serve } from "../../scripts/static_server.mjs";
import { History } from "./history.js";
import { Inspector } from "./inspector.js";
import { makeOlderBuild } from "./older_build.js";
import { Tab, type OpenOptions } from "./tab.js";

/** Another build of the package than dist/ can be tested as well. */
const dist = process.env["TABLOG_DIST"] ?? fileURLToPath(new URL("../../dist", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where tabs are opened; `hiding`: each hides the others, where else all of them are visible. */
export type Place = "profile" | "off the record" | "profile, hiding";

interface Opened {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

/** Starts a place's browser when it is first asked for. */
class Browsers {
  readonly #opened = new Map<Place, Promise<Opened>>();

  async contextOf(place: Place): Promise<BrowserContext> {
    const browser = this.#opened.get(place) ?? launch[place]();
    this.#opened.set(place, browser);
    return (await browser).context;
  }

  /** Another is started when one is asked for again. */
  async close(place: Place): Promise<void> {
    const browser = this.#opened.get(place);
    this.#opened.delete(place);
    await (await browser)?.close();
  }

  async closeAll(): Promise<void> {
    for (const place of [...this.#opened.keys()]) await this.close(place);
  }
}

// With the back/forward cache, which Playwright turns off by default.
const ignoreDefaultArgs = ["--disable-back-forward-cache"];
const launch: Record<Place, () => Promise<Opened>> = {
  profile: () => launchBrowser({ context: { ignoreDefaultArgs } }),
  "off the record": () => launchOffTheRecord({ ignoreDefaultArgs }),
  "profile, hiding": () => launchWithHiddenTabs(),
};

interface Shared {
  /** The address of the tests' pages, ending in "/". */
  url: string;
  browsers: Browsers;
}

/** So many tabs. */
type Tabs<Count extends number> = Count extends 1
  ? [Tab]
  : Count extends 2
    ? [Tab, Tab]
    : Count extends 3
      ? [Tab, Tab, Tab]
      : Tab[];

interface Fixtures {
  /** A profile on disk; not the worker's for good, since a test may spoil it. */
  profile: BrowserContext;
  /** Where `newTab` opens tabs. */
  place: Place;
  /** What the tabs of the test do. */
  history: History;
  /** All that were opened; they are closed after the test. */
  tabs: Tab[];
  /** A store name of this test's own. */
  name: string;
  /** Opens a tab on the tests' page. */
  newTab: () => Promise<Tab>;
  /** A page that a tab has opened. */
  adopt: (page: Page) => Promise<Tab>;
  /** Opens the inspector; it is closed after the test. */
  openInspector: (asked?: {
    readonly store?: string;
    readonly theme?: string;
  }) => Promise<Inspector>;
  /** Opens so many tabs, each with the test's store open; the first is the leader. */
  openTabs: <Count extends number>(count: Count, options?: OpenOptions) => Promise<Tabs<Count>>;
}

let tests = 0;

export const test = base.extend<Fixtures, Shared>({
  url: [
    async ({}, use) => {
      for (const file of ["index.js", "worker.js", "tablog.wasm"]) {
        if (!existsSync(join(dist, file))) throw new Error(`${dist} has no ${file}: ./dev build`);
      }
      const older = await makeOlderBuild(dist);
      const server = await serve({
        "/": join(root, "tests/browser/pages/"),
        "/dist/": `${dist}/`,
        "/older/": `${older.directory}/`,
        "/sqlite/": join(root, "node_modules/@sqlite.org/sqlite-wasm/dist/"),
      });
      await use(server.url);
      await server.close();
      await older.remove();
    },
    { scope: "worker" },
  ],
  browsers: [
    async ({}, use) => {
      const browsers = new Browsers();
      await use(browsers);
      await browsers.closeAll();
    },
    { scope: "worker" },
  ],
  profile: ({ browsers }, use) => browsers.contextOf("profile").then(use),
  place: ["profile", { option: true }],
  history: async ({}, use) => use(new History()),
  name: async ({}, use) => {
    tests += 1;
    await use(`store-${process.pid}-${tests}`);
  },
  tabs: async ({}, use) => {
    const tabs: Tab[] = [];
    await use(tabs);
    await Promise.all(tabs.map((tab) => tab.close()));
  },
  newTab: async ({ browsers, place, tabs, url, history }, use) => {
    const context = await browsers.contextOf(place);
    await use(async () => {
      const tab = await Tab.open(context, url, history);
      tabs.push(tab);
      return tab;
    });
  },
  adopt: async ({ tabs, history }, use) => {
    await use(async (page) => {
      const tab = await Tab.adopt(page, history);
      tabs.push(tab);
      return tab;
    });
  },
  openInspector: async ({ browsers, place, url }, use) => {
    const context = await browsers.contextOf(place);
    const opened: Inspector[] = [];
    await use(async (asked) => {
      const inspector = await Inspector.open(context, url, asked);
      opened.push(inspector);
      return inspector;
    });
    await Promise.all(opened.map(({ page }) => page.close()));
  },
  openTabs: async ({ newTab, name }, use) => {
    await use(async <Count extends number>(count: Count, options: OpenOptions = {}) => {
      const tabs: Tab[] = [];
      for (let i = 0; i < count; ++i) {
        const tab = await newTab();
        await tab.openStore({ name, ...options });
        tabs.push(tab);
      }
      return tabs as Tabs<Count>;
    });
  },
});

export { expect };
