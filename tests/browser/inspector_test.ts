// The inspector beside real tabs of a store: what its panels tell, and what they do.
import { readFileSync } from "node:fs";
import { checkHistory } from "./checker.js";
import { expect, test } from "./fixtures.js";
import { goOn, threeWriters } from "./stage.js";
import type { Tab } from "./tab.js";

/** Appends items "a-1", "a-2", …, one after the other; gives the index of the last. */
function append(tab: Tab, count: number, label = "a"): Promise<number> {
  return tab.page.evaluate(
    async ([items, of]) => {
      let last = 0;
      for (let i = 1; i <= items; ++i)
        last = (await store.append("item.added", { id: `${of}-${i}`, tab: of })).index;
      return last;
    },
    [count, label] as const,
  );
}

test("tabs are listed with their role and lag, the inspector's own too, and one that does not answer", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [leader, other] = await openTabs(2);
  const last = await append(leader, 3);
  const inspector = await openInspector({ store: name });
  const tabs = (): Promise<string[][]> => inspector.table("Tabs that have the store open");
  await expect
    .poll(async () => (await tabs()).map((row) => row.slice(1, 5)))
    .toEqual([
      ["leader", "yes", `${last}`, "0"],
      ["replica", "yes", `${last}`, "0"],
      ["replica", "yes", `${last}`, "0"],
    ]);
  const ids = (await tabs()).map(([id]) => id ?? "");
  expect(ids.filter((id) => id.includes("this inspector"))).toHaveLength(1);
  expect((await leader.status()).clientId.startsWith(ids[0] ?? "?")).toBe(true);
  for (const [, , , , , roundTrip] of await tabs()) expect(roundTrip).toMatch(/^[\d.]+ ms$/);

  await other.whileStopped(async () => {
    const id = ids.find((each) => each !== ids[0] && !each.includes("inspector"));
    await expect
      .poll(async () => (await tabs()).at(-1))
      .toEqual([id, "does not answer: stopped, busy, or of another version"]);
  });
  await expect.poll(async () => (await tabs()).map((row) => row.length)).toEqual([7, 7, 7]);
});

test("the history of terms tells who led, from when, and how long nobody did", async ({
  openTabs,
  newTab,
  openInspector,
  name,
}) => {
  const [first] = await openTabs(1);
  const { clientId } = await first.status();
  const last = await append(first, 5);
  const second = await newTab();
  await second.openStore({ name });
  await first.close();
  await expect.poll(() => second.leads()).toBe(true);
  const inspector = await openInspector({ store: name });
  const terms = (): Promise<string[][]> => inspector.table("Terms, the newest first");
  await expect.poll(async () => (await terms()).length).toBe(2);
  const [now, before] = await terms();
  expect(now?.[0]).toContain("now");
  expect(before?.slice(0, 2)).toEqual(["1", clientId.slice(0, 8)]);
  expect(before?.slice(3)).toEqual([`${last}`, "1", ""]);
  expect(now?.[4]).toBe(`${last + 1}`);
  expect(now?.[5]).toMatch(/ms$|s$/);
});

test("the log grows as it is looked at, and stays where it is once it was scrolled", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await append(tab, 100);
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  await expect(inspector.row(102)).toContainText('id="a-100"');
  await append(tab, 50, "b");
  await expect(inspector.row(152)).toContainText('id="b-50"');
  await expect(inspector.row(152)).toBeInViewport();
  await inspector.grid.hover();
  await inspector.page.mouse.wheel(0, -1000);
  await expect(inspector.row(110)).toBeInViewport();
  await append(tab, 50, "c");
  await expect(inspector.found).toHaveText("202 entries");
  await expect(inspector.row(110)).toBeInViewport();
  await expect(inspector.row(202)).toHaveCount(0);
  await inspector.page.getByRole("button", { name: "Follow" }).click();
  await expect(inspector.row(202)).toContainText('id="c-50"');
});

test("a filter finds by text, type, kind, tab and range, and goes on as the log grows", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [a, b] = await openTabs(2);
  await append(a, 30);
  await append(b, 30, "b");
  await a.page.evaluate(async () => {
    await store.appendBatch([
      { type: "name.taken", args: { name: "Anna" } },
      { type: "name.taken", args: { name: "<b>Bert</b>" } },
    ]);
    await store.exec("DELETE FROM unique_name WHERE name = ?", ["Anna"]);
  });
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  const { page, found } = inspector;
  const field = (label: string) => page.getByRole("search").getByLabel(label, { exact: true });
  await page.keyboard.press("/");
  await page.keyboard.type("B-1");
  await expect(found).toHaveText("11 found up to 65");
  await append(b, 1, "b");
  await expect(found).toHaveText("12 found up to 66");
  await field("Contains").fill("");
  await field("Type").fill("name.*");
  await expect(found).toHaveText("2 found up to 66");
  await expect(inspector.row(64)).toContainText('name="<b>Bert</b>"');
  await expect(inspector.row(64)).toContainText("2/2");
  await field("Type").fill("");
  await page.getByRole("combobox", { name: "Kind" }).selectOption("exec");
  await expect(inspector.rows).toHaveText([/65.*exec.*DELETE FROM unique_name/s]);
  await page.getByRole("combobox", { name: "Kind" }).selectOption("term");
  await expect(inspector.rows).toHaveText([/led by/]);
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(found).toHaveText("66 entries");
  await field("Tab").fill((await b.status()).clientId.slice(0, 6));
  await expect(found).toHaveText("31 found up to 66");
  await field("Tab").fill("");
  await field("From").fill("10");
  await field("To").fill("19");
  await field("To").press("Enter");
  await expect(found).toHaveText("10 entries");
  await expect(inspector.rows.first()).toContainText("10");
});

test("an entry shows its arguments, and its rows before and after, also within an atomic batch", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await tab.page.evaluate(async () => {
    await store.exec("INSERT INTO account(id, balance) VALUES (1, 100), (2, 50)");
    await store.appendBatch([
      { type: "account.set", args: { id: 1, balance: 70 } },
      { type: "account.set", args: { id: 2, balance: 80 } },
    ]);
    await store.exec("DELETE FROM account WHERE id = 2");
    await store.exec("CREATE TABLE word(text TEXT PRIMARY KEY, n INT) WITHOUT ROWID");
    await store.exec("INSERT INTO word VALUES ('<i>one</i>', 1), ('two', NULL)");
    await store.exec("UPDATE word SET n = 2 WHERE text = 'two'");
    await store.exec(
      "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 20001) INSERT INTO word SELECT 'w' || i, i FROM k",
    );
  });
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  const changes = async (index: number, table: string): Promise<string[][]> => {
    await inspector.row(index).click();
    await inspector.page.getByLabel(`Rows of ${table}`).waitFor();
    return inspector.table(`Rows of ${table}`);
  };
  const [before, after] = ["−\nbefore", "+\nafter"];
  expect(await changes(3, "account")).toEqual([
    [after, "1", "100"],
    [after, "2", "50"],
  ]);
  expect(await changes(5, "account")).toEqual([
    [before, "2", "50"],
    [after, "2", "80"],
  ]);
  await expect(inspector.entry).toContainText("part 2 of 2");
  await expect(inspector.entry).toContainText("The batch is atomic");
  expect(await changes(6, "account")).toEqual([[before, "2", "80"]]);
  expect(await changes(7, "sqlite_schema")).toHaveLength(1);
  expect(await changes(8, "word")).toEqual([
    [after, "<i>one</i>", "1"],
    [after, "two", "NULL"],
  ]);
  expect(await changes(9, "word")).toEqual([
    [before, "two", "NULL"],
    [after, "two", "2"],
  ]);
  expect(await changes(10, "word")).toEqual([]);
  await expect(inspector.entry).toContainText("20,003 rows are too many to compare here");
  await inspector.page.keyboard.press("Escape");
  await expect(inspector.entry).toHaveCount(0);
});

test("the console answers at the head and at any index, and says what is wrong", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await append(tab, 20);
  const inspector = await openInspector({ store: name });
  await inspector.show("SQL");
  const { page } = inspector;
  const line = page.locator(".result-line");
  await expect(page.getByRole("navigation", { name: "Tables" })).toContainText("account");
  await inspector.ask("SELECT count(*) AS n, max(id) AS last FROM item");
  await expect(line).toHaveText(/^1 row at the head/);
  expect(await inspector.table("Result")).toEqual([["20", "a-9"]]);
  const index = page.getByRole("spinbutton", { name: "Index" });
  await index.fill("7");
  await index.press("Enter");
  await expect(line).toHaveText(/^1 row as of entry 7/);
  expect(await inspector.table("Result")).toEqual([["5", "a-5"]]);
  // The slider goes through time by keys, too.
  await page.getByRole("slider", { name: "As of entry" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(line).toHaveText(/^1 row as of entry 8/);
  expect(await inspector.table("Result")).toEqual([["6", "a-6"]]);
  await index.fill("0");
  await index.press("Enter");
  await expect(inspector.alert).toContainText("QueryFailed");
  await page.getByRole("button", { name: "Head" }).click();
  await expect(line).toHaveText(/^1 row at the head/);
  await inspector.ask("DELETE FROM item");
  await expect(inspector.alert).toContainText("a query only reads");
  expect(await tab.query("SELECT count(*) AS n FROM item")).toEqual([{ n: 20 }]);
});

test("a query that does not end is cancelled, at the head and in the past, and no tab waits for it", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await append(tab, 5);
  const inspector = await openInspector({ store: name });
  await inspector.show("SQL");
  const { page } = inspector;
  const endless =
    "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k) SELECT count(*) FROM k";
  for (const where of ["at the head", "as of entry 4"]) {
    await inspector.ask(endless);
    await expect(page.getByText("asking…")).toBeVisible();
    await append(tab, 1, where);
    await page.getByRole("button", { name: "Cancel" }).click();
    await inspector.ask("SELECT max(seq) AS n FROM item");
    await expect(page.locator(".result-line")).toContainText(where);
    const index = page.getByRole("spinbutton", { name: "Index" });
    await index.fill("4");
    await index.press("Enter");
    await expect(page.locator(".result-line")).toContainText("as of entry 4");
  }
});

test("two columns of one name are both shown, and what turns text is an escape", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await tab.page.evaluate(() => store.append("item.added", { id: "a\u202eb\u0007", tab: "t" }));
  const inspector = await openInspector({ store: name });
  await inspector.show("SQL");
  await inspector.ask("SELECT id, tab AS id FROM item; ");
  await expect(inspector.page.locator(".result-line")).toContainText("1 row");
  expect(await inspector.table("Result")).toEqual([["a\\u202eb\\u0007", "t"]]);
  await inspector.ask("SELECT 1 AS a\\; SELECT 2");
  await expect(inspector.alert).toContainText("QueryFailed");
  await inspector.show("Log");
  await expect(inspector.row(3)).toContainText('id="a\\u202eb\\u0007"');
});

test("1 is not 1.0, generated columns are compared, and what is not comparable is told", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await tab.page.evaluate(async () => {
    await store.exec("CREATE TABLE any_value(v, w AS (v * 2))");
    await store.exec("INSERT INTO any_value VALUES (1), (CAST(x'ff' AS TEXT))");
    await store.exec("UPDATE any_value SET v = 1.0 WHERE v = 1");
    await store.exec("UPDATE any_value SET v = CAST(x'fe' AS TEXT) WHERE rowid = 2");
    await store.exec("DROP TABLE any_value");
    await store.exec("CREATE TABLE any_value(v PRIMARY KEY, w) WITHOUT ROWID");
    await store.exec("CREATE VIRTUAL TABLE words USING fts5(body)");
  });
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  await inspector.row(5).click();
  const rows = inspector.page.getByLabel("Rows of any_value");
  await expect(rows).toContainText("1 updated");
  const [before, after] = ["−\nbefore", "+\nafter"];
  expect(await inspector.table("Rows of any_value")).toEqual([
    [before, "1", "2"],
    [after, "1.0", "2.0"],
  ]);
  await inspector.row(6).click();
  await expect(rows).toContainText("changed in a way that JavaScript cannot show");
  await inspector.row(9).click();
  await expect(inspector.entry).toContainText("Rows of virtual tables are not compared: words.");
});

test("a table that lost its rowids is compared by its new key", async ({
  newTab,
  openInspector,
  name,
}) => {
  const tab = await newTab();
  await tab.page.evaluate(async (named) => {
    const first = "CREATE TABLE was(k, v); INSERT INTO was VALUES ('a', 1), ('b', 2), ('b', 2)";
    const second = `CREATE TABLE old AS SELECT * FROM was; DROP TABLE was; CREATE TABLE was(k PRIMARY KEY, v) WITHOUT ROWID;
      INSERT INTO was SELECT DISTINCT k, v FROM old; UPDATE was SET v = 3 WHERE k = 'a'; DROP TABLE old`;
    for (const migrations of [[first], [first, second]]) {
      const schema = tablog.defineSchema({ version: migrations.length, migrations, events: {} });
      const opened = await tablog.openStore({ name: named, schema });
      if (migrations.length === 1) await opened.close();
    }
  }, name);
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  await inspector.rows.filter({ hasText: "version 2" }).click();
  const rows = inspector.page.getByLabel("Rows of was");
  await expect(rows).toContainText("1 updated, 1 deleted");
});

test("what is plotted is what the leader did in the last second", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  const inspector = await openInspector({ store: name });
  const plotted = (title: string): Promise<string | null> =>
    inspector.page.getByRole("img", { name: title }).getAttribute("aria-label");
  await tab.page.evaluate(() => {
    const events = Array.from({ length: 50 }, (_, i) => {
      return { type: "item.added", args: { id: `i-${i}`, tab: "t" } };
    });
    const written = (async () => {
      while (!("stopped" in globalThis)) await store.appendBatch(events);
    })();
    Object.assign(globalThis, { written });
  });
  await expect.poll(() => plotted("Entries per batch")).toMatch(/now mean 50$/);
  expect(await plotted("Per second")).toMatch(/now entries [\d.k]+, flushes [1-9]\d*$/);
  expect(await plotted("Append latency")).toMatch(/now p50 [\d.]+ m?s, p99 [\d.]+ m?s$/);
  expect(await plotted("Round trip")).toMatch(/now median [\d.]+ m?s, slowest [\d.]+ m?s$/);
  await tab.page.evaluate(async () => {
    Object.assign(globalThis, { stopped: true });
    await (globalThis as unknown as { written: Promise<void> }).written;
  });
  await expect.poll(() => plotted("Entries per batch")).toMatch(/now mean –$/);
  await expect.poll(() => plotted("Per second")).toMatch(/now entries 0, flushes 0$/);
});

test("verify, checkpoint and exports tell what they did", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  const last = await append(tab, 20);
  const inspector = await openInspector({ store: name });
  await inspector.show("Maintenance");
  const { page } = inspector;
  await page.getByRole("button", { name: "Verify the log" }).click();
  await expect(page.getByText(`Sound through entry ${last}.`)).toBeVisible();
  const { tables } = await tab.page.evaluate(() => store.verify());
  expect(await inspector.table("Digests")).toEqual(Object.entries(tables));
  await page.getByRole("button", { name: "Checkpoint now" }).click();
  await expect(page.getByText(`Flushed at entry ${last}.`)).toBeVisible();
  const saved = async (button: string): Promise<Buffer> => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: button }).click();
    return readFileSync(await (await download).path());
  };
  expect((await saved("Export the database")).subarray(0, 15).toString()).toBe("SQLite format 3");
  const log = await saved("Export the log");
  const exported = await tab.page.evaluate(async () => (await store.exportLog()).size);
  expect(log.length).toBe(exported);
});

test("a leader that is made to step down is followed by the next tab; appends in flight take effect once", async ({
  newTab,
  openInspector,
  name,
}) => {
  const tabs = await threeWriters(newTab, name);
  const inspector = await openInspector({ store: name });
  await inspector.show("Maintenance");
  const { page } = inspector;
  for (const next of [tabs[1], tabs[2]]) {
    await page.getByRole("button", { name: "Step down…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Step down" }).click();
    const { clientId } = await next.status();
    await expect(page.getByText(`Now ${clientId.slice(0, 8)} leads.`)).toBeVisible();
    expect(await next.leads()).toBe(true);
    await goOn(tabs);
  }
  await checkHistory(tabs);
  await inspector.show("Overview");
  await expect.poll(async () => (await inspector.table("Terms, the newest first")).length).toBe(3);
});

test("who changes their mind leaves the leader alone", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  const inspector = await openInspector({ store: name });
  await inspector.show("Maintenance");
  await inspector.page.getByRole("button", { name: "Step down…" }).click();
  await inspector.page.keyboard.press("Escape");
  await expect(inspector.page.getByRole("dialog")).toBeHidden();
  expect(await tab.status()).toMatchObject({ role: "leader", term: 1 });
});
