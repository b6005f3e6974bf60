// Stores read straight from the profiles that real browsers write: while they run, after they closed,
// after they were killed. Made-up and damaged profiles: tests/tools/profile_test.cc.
import { cpSync, mkdirSync, mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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
  files: { log: string[]; pool: string[] };
  error: string | null;
}

interface Fixtures {
  /** An empty directory. */
  directory: string;
  /** Two addresses of the tests' pages, of two origins. */
  urls: [string, string];
}

const test = base.extend<Fixtures>({
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), "tablog-profiles-"));
    await use(directory);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
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
});

function launch(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: chromiumArguments,
  });
}

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

/** Every entry and digest of it verifies. */
async function expectWhole(row: Row, directory: string): Promise<void> {
  const copy = mkdtempSync(join(directory, "copy-"));
  for (const [files, folder] of [
    [row.files.log, "log"],
    [row.files.pool, "db/.opaque"],
  ] as const) {
    mkdirSync(join(copy, folder), { recursive: true });
    for (const file of files) cpSync(file, join(copy, folder, basename(file)));
  }
  const { code, stdout, stderr } = await capture(tool, ["verify", "--deep", copy, "-o", "json"]);
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

test("Chromium's profile: running, closed, and killed", async ({ directory, urls }) => {
  const profile = join(directory, "profile");
  const [a, b] = urls;
  let context = await launch(profile);
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
  const running = await profiles(profile);
  expect(told(running)).toEqual(expected(7));
  for (const row of running) await expectWhole(row, directory);
  expect(await profiles(join(profile, "Default"))).toEqual(running);

  let head = await append(notes, 5);
  await context.close();
  const closed = await profiles(profile);
  expect(told(closed)).toEqual(expected(head));
  for (const row of closed) await expectWhole(row, directory);

  context = await launch(profile);
  const again = await openTab(context, a, "notes");
  head = await append(again, 5);
  await kill(context, profile);
  const killed = await profiles(profile);
  expect(told(killed)).toEqual(expected(head));
  for (const row of killed) await expectWhole(row, directory);
});

test("a store that is written to is read at any moment, up to what is acknowledged", async ({
  directory,
  urls,
}) => {
  const profile = join(directory, "profile");
  const context = await launch(profile);
  try {
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
  } finally {
    await context.close();
  }
  const [row] = await profiles(profile);
  if (row) await expectWhole(row, directory);
  expect(row?.last).toBeGreaterThan(7);
});

test("Firefox's profile: running, and killed", async ({ directory, urls }) => {
  const profile = join(directory, "profile");
  mkdirSync(profile);
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
    const running = await profiles(profile);
    expect(told(running)).toEqual(expected);
    for (const row of running) await expectWhole(row, directory);
  } finally {
    await firefox.end("SIGKILL");
    ear.close();
  }
  const killed = await profiles(profile);
  expect(told(killed)).toEqual(expected);
  for (const row of killed) await expectWhole(row, directory);
});
