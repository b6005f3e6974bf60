// How the inspector looks and is reached: 100,000 entries, keys alone, both themes, and what axe has to say.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./fixtures.js";
import type { Inspector, Panel } from "./inspector.js";
import type { Tab } from "./tab.js";

const kEntries = 100_000;
/** Those in view of a page this high, and as many beside them as are kept ready. */
const kRowsInDocumentMax = 80;

/** Of the page: a digit more of a counter is less. */
const kShiftMin = 0.0005;

function fill(tab: Tab, entries: number): Promise<void> {
  return tab.page.evaluate(async (count) => {
    const kBatch = 5000;
    const args = (i: number) => ({ id: `i-${i}`, tab: "t" });
    for (let done = 0; done < count; done += kBatch) {
      const events = Array.from({ length: Math.min(kBatch, count - done) }, (_, i) => {
        return { type: "item.added", args: args(done + i + 1) };
      });
      await store.appendBatch(events, { durability: "relaxed" });
    }
  }, entries);
}

/** What has shifted from now on without an input, as the browser sees it: by how much, and what. */
async function watchShifts({ page }: Inspector): Promise<() => Promise<string[]>> {
  await page.evaluate((least) => {
    const shifts: string[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & Shift)[]) {
        const what = entry.sources.map(({ node }) => (node as Element | null)?.className);
        if (!entry.hadRecentInput && entry.value > least)
          shifts.push(`${entry.value.toFixed(4)} ${what.join(", ")}`);
      }
    }).observe({ type: "layout-shift" });
    Object.assign(globalThis, { shifts });
  }, kShiftMin);
  return () => page.evaluate(() => (globalThis as unknown as { shifts: string[] }).shifts);
}

interface Shift {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
}

test("100,000 entries scroll with few rows in the document, and nothing shifts", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await fill(tab, kEntries);
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  const last = (await tab.status()).head; // there are checkpoints among them
  await expect(inspector.rows.last()).toContainText(`id="i-${kEntries}"`);
  expect(await inspector.grid.getAttribute("aria-rowcount")).toBe(String(last + 1));
  const shifts = await watchShifts(inspector);
  const { page, grid } = inspector;
  await grid.focus();
  for (const [key, index] of [
    ["Home", 1],
    ["End", last],
  ] as const) {
    await page.keyboard.press(key);
    await expect(inspector.row(index)).toHaveAttribute("aria-selected", "true");
    await expect(inspector.row(index)).toBeInViewport();
    expect(await inspector.rows.count()).toBeLessThan(kRowsInDocumentMax);
  }
  await page.keyboard.press("Escape");
  // Anywhere in between: each row stands where its index says, before and after its entry has come.
  for (const share of [0.1, 0.35, 0.62, 0.9]) {
    await grid.evaluate((element, at) => (element.scrollTop = at * element.scrollHeight), share);
    await expect(inspector.row(Math.floor(share * last) + 5)).toBeInViewport(); // those from before are gone
    const first = inspector.rows.first();
    await expect(first.locator(".args")).toContainText("id=");
    expect(await inspector.rows.count()).toBeLessThan(kRowsInDocumentMax);
    const places = await inspector.rows.evaluateAll((rows) =>
      rows.map((row) => Number(row.id.slice(4)) * 24 - row.getBoundingClientRect().top),
    );
    expect(new Set(places.map(Math.round)).size).toBe(1);
  }
  // The states before and after a late entry take a while: asked for, and withdrawn.
  await inspector.rows.last().click();
  const compare = page.getByRole("button", { name: "Compare before and after" });
  await compare.click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("progressbar")).toHaveCount(0);
  await expect(compare).toBeFocused();
  await compare.click();
  await expect(page.getByLabel("Rows of item")).toContainText("1 inserted");
  await page.keyboard.press("Escape");
  // It follows the head again, and more entries come.
  await page.getByRole("button", { name: "Follow" }).click();
  const { index } = await tab.page.evaluate(() =>
    store.append("item.added", { id: "new", tab: "t" }),
  );
  await expect(inspector.row(index)).toContainText('id="new"');
  // A search through all of them tells how far it is, and finds the one.
  await page.getByRole("searchbox").fill('id="i-77777"');
  await expect(inspector.found).toHaveText(/^1 found up to/);
  await expect(inspector.rows).toHaveText([/i-77777/]);
  expect(await shifts()).toEqual([]);
});

test("a search can be stopped, and goes on where it was", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await fill(tab, 60_000);
  const inspector = await openInspector({ store: name });
  await inspector.show("Log");
  const { page, found } = inspector;
  await page.getByRole("searchbox").fill("no such thing");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(found).toHaveText(/^0 found up to/);
  await page.getByRole("button", { name: "Go on" }).click();
  const { head } = await tab.status();
  await expect(found).toHaveText(`0 found up to ${head.toLocaleString("en-US")}`);
});

test("keys alone reach every panel, an entry, and the way back", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await fill(tab, 50);
  const inspector = await openInspector({ store: name });
  const { page } = inspector;
  const tabTo = async (what: string | RegExp): Promise<void> => {
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press("Tab");
      const label = await page.evaluate(() => {
        const element = document.querySelector("tablog-inspector")?.shadowRoot?.activeElement;
        return (
          element?.getAttribute("aria-label") ?? (element as HTMLElement | null)?.innerText ?? ""
        );
      });
      if (typeof what === "string" ? label === what : what.test(label)) return;
    }
    throw new Error(`no way to ${String(what)} by Tab`);
  };
  await tabTo("Overview");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tabpanel", { name: "Log" })).toBeVisible();
  await expect(inspector.row(52)).toContainText("i-50");
  await tabTo("Log entries");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowUp");
  await expect(inspector.row(51)).toHaveAttribute("aria-selected", "true");
  await expect(inspector.grid).toHaveAttribute("aria-activedescendant", "row-51");
  await expect(page.getByLabel("Rows of item")).toContainText("i-49");
  await page.keyboard.press("PageUp");
  await expect(inspector.row(51)).toHaveAttribute("aria-selected", "false");
  await tabTo("Close the entry");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary")).toHaveCount(0);
  await expect(inspector.grid).toBeFocused();
  await page.getByRole("tab", { name: "Log" }).focus();
  await page.keyboard.press("End");
  await expect(page.getByRole("tabpanel", { name: "Maintenance" })).toBeVisible();
  await tabTo("Step down…");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Step down…" })).toBeFocused();
});

test("what is typed or dragged stays as the log grows", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(1);
  await fill(tab, 100);
  const inspector = await openInspector({ store: name });
  const { page } = inspector;
  await inspector.show("Log");
  const from = page.getByRole("search").getByLabel("From", { exact: true });
  await from.pressSequentially("5");
  await fill(tab, 1);
  await expect(page.getByLabel("Status")).toContainText("103");
  await from.pressSequentially("0");
  await expect(from).toHaveValue("50");
  await from.press("Enter");
  await expect(inspector.found).toHaveText("54 entries");
  await inspector.show("SQL");
  const index = page.getByRole("spinbutton", { name: "Index" });
  await index.fill("7");
  await fill(tab, 1);
  await expect(page.getByLabel("Status")).toContainText("104");
  await expect(index).toHaveValue("7");
  await page.keyboard.press("Escape");
  const slider = page.getByRole("slider", { name: "As of entry" });
  const box = (await slider.boundingBox())!;
  const middle = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width - 5, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, middle, { steps: 4 });
  const held = await slider.inputValue();
  await fill(tab, 50);
  await expect(page.getByLabel("Status")).toContainText("154");
  await expect(slider).toHaveValue(held);
  await page.mouse.up();
  await expect(page.locator(".result-line")).toContainText(`as of entry ${held}`);
});

test("the keyboard is never left nowhere: Escape in an entry, step down, close, and the list of stores", async ({
  openTabs,
  openInspector,
  name,
}) => {
  const [tab] = await openTabs(2);
  await fill(tab, 10);
  const inspector = await openInspector({ store: name });
  const { page } = inspector;
  await inspector.show("Log");
  await inspector.row(5).click();
  await page.getByRole("button", { name: "Close the entry" }).focus();
  await page.keyboard.press("Escape");
  await expect(inspector.grid).toBeFocused();
  await inspector.show("Maintenance");
  const stepDown = page.getByRole("button", { name: "Step down…" });
  await stepDown.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Step down" }).press("Enter");
  await expect(page.getByText(/^Now .* leads\.$/)).toBeVisible();
  await expect(stepDown).toBeFocused();
  await page.getByRole("button", { name: "Close", exact: true }).press("Enter");
  await expect(page.getByRole("button", { name: "Look again" })).toBeFocused();
  await page.getByRole("button", { name }).press("Enter");
  await expect(page.getByRole("tab", { name: "Overview" })).toBeFocused();
});

for (const theme of ["light", "dark"] as const) {
  test(`axe finds nothing in any panel, ${theme}; each is pictured`, async ({
    openTabs,
    openInspector,
    name,
  }, info) => {
    const [tab] = await openTabs(2);
    await tab.page.evaluate(async () => {
      for (let i = 1; i <= 40; ++i) {
        await store.append("item.added", { id: `i-${i}`, tab: "a" });
        if (i % 5 === 0)
          await store.appendBatch([
            { type: "name.taken", args: { name: `name ${i}` } },
            { type: "filler.added", args: { body: "as long as it gets ".repeat(8) } },
          ]);
      }
      await store.exec("UPDATE item SET tab = NULL WHERE id = 'i-7'");
    });
    const inspector = await openInspector({ store: name, theme });
    const { page } = inspector;
    const look = async (what: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const told = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" ")}`,
      );
      expect(told, what).toEqual([]);
      await page.screenshot({ path: info.outputPath(`${theme}-${what}.png`) });
    };
    const panels: Record<Panel, () => Promise<void>> = {
      Overview: async () => {
        await expect
          .poll(async () => (await inspector.table("Terms, the newest first")).length)
          .toBe(1);
        await expect(page.getByRole("img", { name: /Entries per batch/ })).toBeVisible();
      },
      Log: async () => {
        await inspector.row(59).click();
        await expect(page.getByLabel("Rows of item")).toContainText("NULL");
      },
      SQL: async () => {
        await inspector.ask("SELECT * FROM item");
        await expect(page.locator(".result-line")).toHaveText(/^40 rows/);
      },
      Maintenance: async () => {
        await page.getByRole("button", { name: "Verify the log" }).click();
        await expect(page.getByText(/^Sound/)).toBeVisible();
      },
    };
    for (const [panel, ready] of Object.entries(panels) as [Panel, () => Promise<void>][]) {
      await inspector.show(panel);
      await ready();
      await look(panel);
    }
    await page.getByRole("button", { name: "Step down…" }).click();
    await look("step-down");
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 480, height: 800 });
    await inspector.show("Overview");
    await look("narrow");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("heading", { name: "Stores of this origin" }).waitFor();
    await inspector.drop("none.tablog", new Uint8Array(9));
    await inspector.alert.waitFor();
    await look("stores");
  });
}
