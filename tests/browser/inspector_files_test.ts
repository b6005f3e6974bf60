// What the inspector opens besides a store that is there: exported logs, whole and not, and nothing that is not there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { capture } from "../../scripts/lib.mjs";
import { serve } from "../../scripts/static_server.mjs";
import { expect, test } from "./fixtures.js";
import type { Inspector } from "./inspector.js";
import type { Tab } from "./tab.js";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const tool = fileURLToPath(new URL("../../dist/bin/tablog", import.meta.url));
const kLate = '"time":8640000000000001,"wallTime":8640000000000001';

/** Of all stores of the origin, those of dropped files too. */
function storesOf({ page }: Inspector | Tab): Promise<string[]> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle("tablog").catch(() => undefined);
    const names: string[] = [];
    if (all !== undefined) for await (const name of all.keys()) names.push(name);
    return names.map((name) => decodeURIComponent(name)).sort();
  });
}

/** An exported log with `count` items, of a store that is gone again. */
async function exportedLog(
  tab: Tab,
  name: string,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const base64 = await tab.page.evaluate(
    async ([named, items]) => {
      const from = await tablog.openStore({ name: named, schema: lab.schema });
      for (let i = 1; i <= items; ++i) await from.append("item.added", { id: `i-${i}`, tab: "t" });
      const bytes = new Uint8Array(await (await from.exportLog()).arrayBuffer());
      await from.close();
      await tablog.deleteStore(named);
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    },
    [name, count] as const,
  );
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

const droppedOf = (names: readonly string[]): string[] =>
  names.filter((name) => name.startsWith("tablog-inspector:"));

test("an exported log that is dropped on the page is looked into, and nothing of it stays", async ({
  newTab,
  openInspector,
  name,
}) => {
  const file = await exportedLog(await newTab(), name, 25);
  const inspector = await openInspector();
  await inspector.drop("notes.tablog", file);
  const { page } = inspector;
  await expect(page.getByText("exported log, read only")).toBeVisible();
  await expect(inspector.title).toContainText("notes.tablog");
  await inspector.show("Log");
  await expect(inspector.row(27)).toContainText('id="i-25"');
  await inspector.row(20).click();
  await expect(page.getByLabel("Rows of item")).toContainText("i-18");
  await inspector.show("SQL");
  await inspector.ask("SELECT count(*) AS n FROM item");
  expect(await page.locator(".result-line").textContent()).toContain("1 row");
  await expect.poll(() => inspector.table("Result")).toEqual([["25"]]);
  await inspector.show("Maintenance");
  await page.getByRole("button", { name: "Verify the log" }).click();
  await expect(page.getByText(/^Sound through entry/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Step down…" })).toHaveCount(0);

  expect(droppedOf(await storesOf(inspector))).toHaveLength(1);
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Stores of this origin" })).toBeVisible();
  await expect.poll(async () => droppedOf(await storesOf(inspector))).toEqual([]);
});

test("a file comes by the button, too, and another one takes its place", async ({
  newTab,
  openInspector,
  name,
}) => {
  const tab = await newTab();
  const [one, two] = [await exportedLog(tab, name, 1), await exportedLog(tab, name, 2)];
  const inspector = await openInspector();
  const choose = async (named: string, bytes: Uint8Array): Promise<void> => {
    const chooser = inspector.page.waitForEvent("filechooser");
    await inspector.page.getByRole("button", { name: "Open a file…" }).click();
    await (
      await chooser
    ).setFiles({ name: named, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
    await expect(inspector.title).toContainText(named);
    await inspector.status.waitFor();
  };
  await choose("one.tablog", one);
  await choose("two.tablog", two);
  await inspector.show("Log");
  await expect(inspector.row(4)).toContainText('id="i-2"');
  await expect.poll(async () => droppedOf(await storesOf(inspector))).toHaveLength(1);
});

test("a log that is cut, damaged, or none at all is told with its error, and leaves nothing behind", async ({
  newTab,
  openInspector,
  name,
}) => {
  const file = await exportedLog(await newTab(), name, 25);
  const damaged = Uint8Array.from(file);
  damaged.set([damaged[file.length - 400]! ^ 0xff], file.length - 400);
  const inspector = await openInspector();
  for (const [bytes, words] of [
    [file.subarray(0, file.length - 300), /Corrupt/],
    [damaged, /Corrupt at entry \d+/],
    [new TextEncoder().encode("not a log"), /Corrupt|InvalidArgument/],
    [new Uint8Array(), /Corrupt|InvalidArgument/],
  ] as const) {
    await inspector.drop("broken.tablog", bytes);
    await expect(inspector.alert).toHaveText(words);
    await expect.poll(async () => droppedOf(await storesOf(inspector))).toEqual([]);
    await inspector.page.reload();
    await expect(inspector.alert).toHaveCount(0);
  }
});

test("what an inspector that was killed has left behind is gone with the next one, and no other's", async ({
  newTab,
  openInspector,
  name,
}) => {
  const tab = await newTab();
  const file = await exportedLog(tab, name, 3);
  const living = await openInspector();
  await living.drop("living.tablog", file);
  await living.status.waitFor();
  const [kept] = droppedOf(await storesOf(living));
  const left = await tab.page.evaluate(async () => {
    const named = `tablog-inspector:${crypto.randomUUID()}`;
    const store = await tablog.openStore({ name: named, schema: lab.schema });
    await store.close();
    return named;
  });
  expect(droppedOf(await storesOf(living))).toHaveLength(2);
  const next = await openInspector();
  await expect.poll(async () => droppedOf(await storesOf(next))).toEqual([kept]);
  expect(left).not.toBe(kept);
  await expect(next.page.getByText("tablog-inspector:")).toHaveCount(0);
});

test("a time beyond all dates is shown as the number that it is", async ({
  newTab,
  openInspector,
  name,
}) => {
  const file = await exportedLog(await newTab(), name, 1);
  const directory = mkdtempSync(join(tmpdir(), "tablog-inspector-"));
  const [log, lines] = [join(directory, "a.tablog"), join(directory, "a.ndjson")];
  try {
    writeFileSync(log, file);
    execFileSync(tool, ["export", log, "-o", lines]);
    const text = readFileSync(lines, "utf8").split("\n");
    const item = text.findIndex((line) => line.startsWith('{"index":3,'));
    text[item] = text[item]!.replace(/"time":\d+,"wallTime":\d+/, kLate);
    // The chain of each frame after it, as the tool tells it.
    for (;;) {
      writeFileSync(lines, text.join("\n"));
      const { code, stderr } = await capture(tool, ["import", lines, "-o", log, "--force"]);
      if (code === 0) break;
      const [, line, chain] = /line (\d+): .*: ([0-9a-f]{32})/.exec(stderr) ?? [];
      if (chain === undefined) throw new Error(stderr);
      const at = Number(line) - 1;
      text[at] = text[at]!.replace(/"chain":"[0-9a-f]+"/, `"chain":"${chain}"`);
    }
    const inspector = await openInspector();
    await inspector.drop("late.tablog", Uint8Array.from(readFileSync(log)));
    await inspector.status.waitFor();
    await inspector.show("Log");
    await expect(inspector.row(3)).toContainText("8640000000000001 ms");
    await inspector.row(3).click();
    await expect(inspector.entry).toContainText("8640000000000001 ms since 1970");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a panel that cannot be drawn says why, and the others go on", async ({
  openTabs,
  openInspector,
  name,
}) => {
  await openTabs(1);
  const inspector = await openInspector({ store: name });
  await inspector.page.evaluate(() => {
    Date.prototype.toISOString = () => {
      throw new RangeError("not today");
    };
  });
  await inspector.page.getByRole("tab", { name: "Log" }).click();
  await expect(inspector.alert).toHaveText("RangeError: not today");
  await inspector.show("SQL");
  await inspector.ask("SELECT 1 AS one");
  await expect(inspector.page.locator(".result-line")).toContainText("1 row");
  expect(await inspector.table("Result")).toEqual([["1"]]);
});

test("a store that does not exist is not made by looking for it", async ({
  openInspector,
  name,
}) => {
  const inspector = await openInspector();
  await inspector.page.goto(`${inspector.page.url().split("?")[0]}?store=${name}`);
  await expect(inspector.alert).toContainText(`there is no store "${name}" on this origin`);
  expect(await storesOf(inspector)).not.toContain(name);
});

test("a store is chosen from those of the origin; the address names it then", async ({
  openTabs,
  openInspector,
  name,
}) => {
  await openTabs(1);
  const inspector = await openInspector();
  await inspector.page.getByRole("button", { name }).click();
  await inspector.status.waitFor();
  await expect(inspector.page).toHaveTitle(`${name} · tablog inspector`);
  await inspector.page.reload();
  await inspector.status.waitFor();
  await expect(inspector.title).toContainText(name);
});

test("the page runs under a policy without inline scripts and styles", async ({ profile }) => {
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:";
  const server = await serve({ "/": dist }, { headers: { "content-security-policy": policy } });
  const page = await profile.newPage();
  const told: string[] = [];
  page.on("console", (message) => told.push(message.text()));
  try {
    await page.goto(`${server.url}inspector/index.html`);
    await expect(page.getByRole("heading", { name: "Stores of this origin" })).toBeVisible();
    expect(await page.evaluate(() => getComputedStyle(document.body).margin)).toBe("0px");
    expect(told).toEqual([]);
  } finally {
    await page.close();
    await server.close();
  }
});

test("a compacted log is listed from its first entry on, and compared from there", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await tab.page.evaluate(async () => {
    for (let i = 1; i <= 30; ++i) await store.append("item.added", { id: `i-${i}`, tab: "t" });
    await store.compact({ retainFrom: 20 });
  });
  const first = await tab.page.evaluate(() => lab.firstIndex());
  expect(first).toBeGreaterThan(1);
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  await expect(inspector.rows.first()).toHaveId(`row-${first}`);
  const event = inspector.rows.filter({ hasText: "item.added" }).first();
  await event.click();
  await expect(inspector.page.getByLabel("Rows of item")).toContainText("1 inserted");
  await inspector.show("SQL");
  await expect(inspector.page.getByRole("slider")).toHaveAttribute("min", String(first - 1));
});

test("storechange tells what is open; a file that is called as a store is not that store", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  const base64 = await tab.page.evaluate(async () => {
    const bytes = new Uint8Array(await (await store.exportLog()).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });
  const inspector = await openInspector();
  const { page } = inspector;
  await page.evaluate(() => {
    const told: unknown[] = [];
    const element = document.querySelector("tablog-inspector")!;
    element.addEventListener("storechange", (event) => {
      told.push((event as CustomEvent<{ name: string | null }>).detail.name);
    });
    Object.assign(globalThis, { told });
  });
  const told = () => page.evaluate(() => (globalThis as unknown as { told: unknown[] }).told);
  const setStore = (to: string) =>
    page.evaluate((value) => {
      document.querySelector("tablog-inspector")?.setAttribute("store", value);
    }, to);
  await inspector.drop(name, Uint8Array.from(Buffer.from(base64, "base64")));
  await expect(page.getByText("exported log, read only")).toBeVisible();
  await setStore(name);
  await expect(page.getByText("exported log, read only")).toHaveCount(0);
  await inspector.status.waitFor();
  expect(await told()).toEqual([name]);
  await setStore(`${name}-none`);
  await expect(inspector.alert).toContainText("there is no store");
  expect(await told()).toEqual([name, `${name}-none`, null]);
  await setStore(name);
  await inspector.status.waitFor();
  await page.evaluate(() => document.querySelector("tablog-inspector")?.remove());
  expect(await told()).toEqual([name, `${name}-none`, null, name, null]);
});

test("as an element beside an app it is a tab of its own, and is gone with the element", async ({
  openTabs,
  url,
  name,
}) => {
  const [app] = await openTabs(1);
  await app.page.evaluate(
    async ([address, store]) => {
      await import(address);
      const element = document.createElement("tablog-inspector");
      element.setAttribute("store", store);
      element.style.height = "600px";
      document.body.append(element);
    },
    [`${url}dist/inspector/inspector.js`, name] as const,
  );
  const tabs = app.page.getByLabel("Tabs that have the store open");
  await expect(tabs.locator("tbody tr")).toHaveCount(2);
  await app.page.evaluate(() => store.append("item.added", { id: "<img src=x>", tab: "t" }));
  await app.page.getByRole("tab", { name: "Log" }).click();
  await expect(app.page.locator("#row-3")).toContainText('id="<img src=x>"');
  await expect(app.page.locator("tablog-inspector img")).toHaveCount(0);
  await app.page.evaluate(() => document.querySelector("tablog-inspector")?.remove());
  await expect.poll(() => app.page.evaluate(async () => (await store.tabs()).length)).toBe(1);
});
