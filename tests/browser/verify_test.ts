// verify(): the log, replayed, against a tab's own state.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "./fixtures.js";

const tool = fileURLToPath(new URL("../../dist/bin/tablog", import.meta.url));

test("a sound store verifies, in each of its tabs, as the native tool replays it", async ({
  openTabs,
  newTab,
  name,
}) => {
  const [a, b] = await openTabs(2);
  await a.page.evaluate(async () => {
    for (let i = 0; i < 100; ++i) await store.append("item.added", { id: `${i}`, tab: "a" });
    await store.exec(
      "CREATE TABLE noise(a); INSERT INTO noise VALUES (random()), (datetime('now'))",
    );
  });
  const none = await newTab();
  await none.openStore({ name, replica: "none" });
  const { head } = await a.status();
  const pages = [a.page, b.page, none.page];
  for (const page of pages) {
    await page.evaluate(() => store.query("SELECT 1", [], { consistency: "linearizable" }));
  }
  const found = await Promise.all(pages.map((page) => page.evaluate(() => store.verify())));
  for (const each of found) expect(each).toEqual({ index: head, tables: found[0]?.tables });
  expect(Object.keys(found[0]?.tables ?? {})).toEqual(expect.arrayContaining(["item", "noise"]));

  const log = await a.page.evaluate(async () => {
    const bytes = new Uint8Array(await (await store.exportLog()).arrayBuffer());
    return Array.from(bytes);
  });
  const directory = mkdtempSync(join(tmpdir(), "tablog-verify-"));
  try {
    const path = join(directory, "log.tablog");
    writeFileSync(path, Uint8Array.from(log));
    const args = [
      "replay",
      path,
      "--at",
      String(head),
      "-o",
      join(directory, "state.sqlite"),
      "--digests",
    ];
    const printed = execFileSync(tool, args, { encoding: "utf8" });
    expect(printed).toContain(found[0]?.tables["item"]);
    expect(printed).toContain(found[0]?.tables["noise"]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("what is only shown is not verified, and does not disturb it", async ({ openTabs }) => {
  const [, b] = await openTabs(2);
  const verified = await b.page.evaluate(async () => {
    const appended = store.append("item.added", { id: "1", tab: "b" }, { optimistic: true });
    const verified = await store.verify();
    await appended;
    const [row] = await store.query<{ n: number }>("SELECT count(*) AS n FROM item");
    return { index: verified.index, n: row?.n };
  });
  expect(verified.index).toBeGreaterThan(0);
  expect(verified.n).toBe(1);
});
