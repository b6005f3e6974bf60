// Stores read straight from the profiles that real browsers write: while they run, after they closed,
// after they were killed. Made-up and damaged profiles: tests/tools/profile_test.cc.
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";
import { chromium } from "playwright-core";
import { chromiumArguments, chromiumPath, launchFirefox } from "../../scripts/browser.mjs";
import { capture, root } from "../../scripts/lib.mjs";
import { serve } from "../../scripts/static_server.mjs";
import { within } from "../../scripts/within.mjs";

const tool = join(root, "dist/bin/tablog");
const odd = "Ünïcode/ notes";
const long = "a name too long for a directory ".repeat(10);

interface Row {
  browser: string;
  profile: string;
  origin: string | null;
  name: string | null;
  store: string;
  last: number | null;
  error: string | null;
}

interface Fixtures {
  /** A browser's profile, empty at first. */
  profile: string;
  /** Two addresses of the tests' pages, of two origins. */
  urls: [string, string];
  /** Starts Chromium with it. */
  launch: () => Promise<BrowserContext>;
}

const test = base.extend<Fixtures>({
  profile: async ({}, use) => {
    const profile = mkdtempSync(join(tmpdir(), "tablog-profiles-"));
    await use(profile);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  },
  urls: async ({}, use) => {
    const mounts = {
      "/": join(root, "tests/browser/pages/"),
      "/dist/": join(root, "dist/"),
    };
    const [a, b] = [await serve(mounts), await serve(mounts)];
    await use([a.url, b.url]);
    await a.close();
    await b.close();
  },
  launch: async ({ profile }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: chromiumPath(),
        args: chromiumArguments,
      });
      contexts.push(context);
      return context;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

/** A tab with the store open, and entries in it. */
async function openTab(context: BrowserContext, url: string, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => "lab" in globalThis);
  await page.evaluate(async (store) => lab.open({ name: store }), name);
  await append(page, 5);
  return page;
}

function append(page: Page, count: number): Promise<number> {
  return page.evaluate(async (times) => {
    for (let i = 0; i < times; ++i) await store.append("item.added", { id: `${i}`, tab: "a" });
    return store.status.head;
  }, count);
}

/** So many names that LevelDB moves those before them from its log into a table. */
async function fillNames(page: Page, profile: string): Promise<void> {
  await page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    for (let i = 0; i < 100; ++i) {
      const names = Array.from({ length: 100 }, (_, j) => `${"n".repeat(200)} ${i} ${j}`);
      await Promise.all(names.map((name) => folder.getDirectoryHandle(name, { create: true })));
    }
  });
  const fileSystem = join(profile, "Default/File System");
  const files = (): string[] => readdirSync(fileSystem, { recursive: true }).map(String);
  await expect.poll(() => files().some((file) => file.endsWith(".ldb"))).toBe(true);
}

/** SIGKILL for the browser's own process, whose number its profile tells. */
async function kill(context: BrowserContext, profile: string): Promise<void> {
  const pid = Number(/-(\d+)$/.exec(readlinkSync(join(profile, "SingletonLock")))?.[1]);
  const closed = new Promise((resolve) => context.once("close", resolve));
  process.kill(pid, "SIGKILL");
  await within(20_000, closed, "the browser to die");
}

async function profiles(directory: string): Promise<Row[]> {
  const { code, stdout, stderr } = await capture(tool, ["profiles", directory, "-o", "json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Row[];
}

/** Every entry and digest of it verifies, read where it lies. */
async function expectWhole(row: Row): Promise<void> {
  const { code, stdout, stderr } = await capture(tool, [
    ...["verify", "--deep", "-o", "json", "--profile", row.profile],
    ...["--origin", String(row.origin), "--store", String(row.name)],
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({
    status: "clean",
    store: row.store,
    last: row.last,
    state: { verdict: "matches" },
  });
}

const told = (rows: Row[]): (string | number | null)[][] =>
  rows.map(({ browser, origin, name, last }) => [browser, origin, name, last]).sort();

const originOf = (url: string): string => new URL(url).origin;

test("Chromium's profile: running, closed, and killed", async ({ profile, launch, urls }) => {
  const [a, b] = urls;
  let context = await launch();
  const notes = await openTab(context, a, "notes");
  await openTab(context, a, odd);
  await openTab(context, b, long);
  const expected = (head: number): (string | number | null)[][] =>
    [
      ["Chromium", originOf(a), "notes", head],
      ["Chromium", originOf(a), odd, 7],
      ["Chromium", originOf(b), long, 7],
    ].sort();

  // Nobody writes at the moment: what is there is whole.
  // The long name is written down a moment after its store has opened.
  await expect.poll(async () => told(await profiles(profile))).toEqual(expected(7));
  const running = await profiles(profile);
  for (const row of running) await expectWhole(row);
  expect(await profiles(join(profile, "Default"))).toEqual(running);

  await fillNames(notes, profile);
  expect(await profiles(profile)).toEqual(running);

  let head = await append(notes, 5);
  await context.close();
  const closed = await profiles(profile);
  expect(told(closed)).toEqual(expected(head));
  for (const row of closed) await expectWhole(row);

  context = await launch();
  const again = await openTab(context, a, "notes");
  head = await append(again, 5);
  await kill(context, profile);
  const killed = await profiles(profile);
  expect(told(killed)).toEqual(expected(head));
  for (const row of killed) await expectWhole(row);
});

test("a store that is written to is read at any moment, up to what is acknowledged", async ({
  profile,
  launch,
  urls,
}) => {
  const context = await launch();
  const page = await openTab(context, urls[0], "busy");
  // Other names come and go, so that the browser's own database changes too.
  await page.evaluate(() => {
    const write = async (): Promise<void> => {
      const body = "x".repeat(20_000);
      for (;;) await store.append("filler.added", { body });
    };
    const rename = async (): Promise<void> => {
      const folder = await navigator.storage.getDirectory();
      for (;;) {
        await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            folder.getDirectoryHandle("n".repeat(200) + String(i), { create: true }),
          ),
        );
        for (let i = 0; i < 50; ++i) await folder.removeEntry("n".repeat(200) + String(i));
      }
    };
    void write();
    void rename();
  });
  const acknowledged = (): Promise<number> => page.evaluate(() => store.status.head);
  for (let i = 0; i < 25; ++i) {
    const before = await acknowledged();
    const [row, ...others] = await profiles(profile);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ name: "busy", error: null });
    expect(row?.last).toBeGreaterThanOrEqual(before);
  }
  await context.close();
  const [row] = await profiles(profile);
  if (row) await expectWhole(row);
  expect(row?.last).toBeGreaterThan(7);
});

test("Firefox's profile: running, and killed", async ({ profile, urls }) => {
  let tell: (told: unknown) => void;
  const word = new Promise<unknown>((resolve) => (tell = resolve));
  const ear = createServer((request, response) => {
    let body = "";
    request.on("data", (text) => (body += String(text)));
    request.on("end", () => {
      response.end();
      tell(JSON.parse(body));
    });
  });
  await new Promise<void>((resolve) => ear.listen(0, "127.0.0.1", resolve));
  const asked = new URLSearchParams({
    tell: `http://localhost:${(ear.address() as AddressInfo).port}/`,
  });
  const names = ["notes", odd, long];
  for (const name of names) asked.append("store", name);
  const firefox = await launchFirefox(profile, `${urls[0]}alone.html?${asked}`);
  const expected = names.map((name) => ["Firefox", originOf(urls[0]), name, 7]).sort();
  try {
    expect(await within(60_000, word, "the page in Firefox")).toEqual({ heads: [7, 7, 7] });
    await expect.poll(async () => told(await profiles(profile))).toEqual(expected);
    const running = await profiles(profile);
    for (const row of running) await expectWhole(row);
  } finally {
    await firefox.end("SIGKILL");
    ear.close();
  }
  const killed = await profiles(profile);
  expect(told(killed)).toEqual(expected);
  for (const row of killed) await expectWhole(row);
});
