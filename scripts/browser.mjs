// The system's Chromium with a profile of its own, and what tests do to its tabs: which renderer process
// a tab has, and the end of that process. Used by the demo, the benchmark and the browser tests. And the
// system's Firefox, as far as it can be used without a driver.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { within } from "./within.mjs";

export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The system's Chromium: $TABLOG_CHROMIUM, or the first on PATH. Playwright's own is never downloaded. */
export function chromiumPath() {
  return browserPath("TABLOG_CHROMIUM", ["chromium", "chromium-browser", "google-chrome"]);
}

/** The system's Firefox: $TABLOG_FIREFOX, or the first on PATH. */
export function firefoxPath() {
  return browserPath("TABLOG_FIREFOX", ["firefox-esr", "firefox"]);
}

/** @param {string} variable @param {string[]} names */
function browserPath(variable, names) {
  const chosen = process.env[variable];
  if (chosen) return chosen;
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  for (const name of names) {
    for (const directory of directories) {
      try {
        accessSync(join(directory, name), constants.X_OK);
        return join(directory, name);
      } catch {
        // not here
      }
    }
  }
  throw new Error(`no ${names[0]} on PATH: ./dev setup, or set ${variable}`);
}

/**
 * Starts Chromium with an empty profile on disk: an off-the-record context has another OPFS.
 * @param {{ headless?: boolean, args?: string[], context?: object }} [options]
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, profile: string, close: () => Promise<void> }>}
 */
export async function launchBrowser({ headless = true, args = [], context: more = {} } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "tablog-profile-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless,
    args: [...chromiumArguments, ...args],
    ...more,
  });
  return {
    context,
    profile,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * Starts Chromium with a context that is off the record: all of it is in memory, and gone at its end.
 * @param {{ ignoreDefaultArgs?: string[] }} [options]
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, close: () => Promise<void> }>}
 */
export async function launchOffTheRecord({ ignoreDefaultArgs = [] } = {}) {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: chromiumArguments,
    ignoreDefaultArgs,
  });
  return { context: await browser.newContext(), close: () => browser.close() };
}

/**
 * A profile without Playwright's focus emulation, under which every tab counts as visible, and a visible tab is
 * never frozen: here only the tab in front is visible. It cannot be turned off for a browser that Playwright
 * starts, so this one is started by hand.
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, close: () => Promise<void> }>}
 */
export async function launchWithHiddenTabs() {
  const profile = await mkdtemp(join(tmpdir(), "tablog-profile-"));
  const started = spawn(
    chromiumPath(),
    [
      ...chromiumArguments,
      "--headless",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank", // while another page loads, connecting may never end
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((resolve) => started.once("exit", resolve));
  const address = new Promise((resolve) => {
    let said = "";
    started.stderr.on("data", (text) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
  });
  const end = async () => {
    started.kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const browser = await chromium.connectOverCDP(
      await within(20_000, address, "Chromium to start"),
      { noDefaults: true },
    );
    const [context] = browser.contexts();
    if (context === undefined) throw new Error("the browser has no context of its own");
    return { context, close: () => browser.close().finally(end) };
  } catch (error) {
    await end();
    throw error;
  }
}

const firefoxPreferences = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
};

/**
 * Starts Firefox on one page, with a new profile in an empty directory. Nothing drives it: the page has to work
 * and to tell by itself.
 * @param {string} profile
 * @param {string} url
 * @returns {Promise<{ end: (signal?: NodeJS.Signals) => Promise<void> }>}
 */
export async function launchFirefox(profile, url) {
  const lines = Object.entries(firefoxPreferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  await writeFile(join(profile, "user.js"), lines.join(""));
  const started = spawn(firefoxPath(), ["--headless", "--no-remote", "--profile", profile, url], {
    stdio: "ignore",
    env: { ...process.env, HOME: profile },
  });
  const ended = new Promise((resolve, reject) => {
    started.once("exit", () => resolve(undefined));
    started.once("error", reject);
  });
  ended.catch(() => undefined);
  return {
    end: async (signal = "SIGTERM") => {
      started.kill(signal);
      await within(20_000, ended, "Firefox to end");
    },
  };
}

/**
 * The id of the renderer process that a page lives in. A trace names the process of every frame; a browser
 * has one trace at a time, so questions wait for each other.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<number>}
 */
export function processOf(page) {
  const asked = lastTrace.then(() => traceProcess(page));
  lastTrace = asked.catch(() => undefined);
  return asked;
}
/** @type {Promise<unknown>} */
let lastTrace = Promise.resolve();

/** @param {import("playwright-core").Page} page @returns {Promise<number>} */
async function traceProcess(page) {
  const session = await page.context().newCDPSession(page);
  try {
    const { targetInfo } = await session.send("Target.getTargetInfo");
    const frameId = targetInfo.targetId;
    const search = async () => {
      for (;;) {
        const found = processIn(await traceOnce(session), frameId);
        if (found !== undefined) return found;
      }
    };
    return await within(20_000, search(), "a trace that names the tab's process");
  } finally {
    await session.detach();
  }
}

/**
 * The events of a trace that ends as soon as it has begun. On a busy machine that may be too soon for any.
 * @param {import("playwright-core").CDPSession} session
 * @returns {Promise<any[]>}
 */
async function traceOnce(session) {
  /** @type {any[]} */
  const events = [];
  const collect = ({ value }) => events.push(...value);
  session.on("Tracing.dataCollected", collect);
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["disabled-by-default-devtools.timeline"] },
  });
  await session.send("Tracing.end");
  await complete;
  session.off("Tracing.dataCollected", collect);
  return events;
}

/** @param {any[]} events @param {string} frameId @returns {number | undefined} */
function processIn(events, frameId) {
  const frames = events
    .filter(({ name }) => name === "TracingStartedInBrowser")
    .flatMap(({ args }) => args.data.frames ?? []);
  return frames.find(({ frame }) => frame === frameId)?.processId;
}

/**
 * Ends a page's renderer process with SIGKILL. Resolves with the time of the signal (ms since 1970)
 * when the browser has noticed.
 * @param {import("playwright-core").Page} page
 * @param {number} pid From `processOf`.
 * @returns {Promise<number>}
 */
export async function killRenderer(page, pid) {
  const noticed = new Promise((resolve) => page.once("crash", () => resolve(undefined)));
  const at = performance.timeOrigin + performance.now();
  process.kill(pid, "SIGKILL");
  await within(20_000, noticed, "the browser to notice the killed tab");
  return at;
}
