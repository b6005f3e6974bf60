// The kanban example: live across tabs, optimistic, undo, history. Its screenshots: build/kanban/.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { serve } from "../../scripts/static_server.mjs";
import { expect, test as base } from "./fixtures.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A page of the board in a new tab. */
const test = base.extend<{ openBoard: () => Promise<Page> }>({
  openBoard: async ({ profile }, use) => {
    const server = await serve({
      "/": join(root, "examples/kanban"),
      "/tablog/": join(root, "dist"),
    });
    const pages: Page[] = [];
    const problems: string[] = [];
    await use(async () => {
      const page = await profile.newPage();
      pages.push(page);
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto(server.url);
      await expect(page.locator("#board")).not.toHaveAttribute("aria-busy");
      return page;
    });
    expect(problems).toEqual([]);
    for (const page of pages) await page.close();
    await server.close();
  },
});

async function add(page: Page, ...titles: string[]): Promise<void> {
  for (const title of titles) {
    await page.getByLabel("New card").fill(title);
    await page.getByRole("button", { name: "Add card" }).click();
  }
}

const cardsOf = (page: Page, lane: string) => page.locator(`ul[data-lane=${lane}] li`);

test("cards appear and move in every tab", async ({ openBoard }) => {
  const a = await openBoard();
  const b = await openBoard();
  await add(a, "write", "test", "ship");
  await expect(cardsOf(b, "todo")).toHaveText(["write", "test", "ship"]);
  await cardsOf(b, "todo")
    .nth(1)
    .dragTo(b.getByRole("list", { name: /^Done/ }).locator(".."));
  await expect(cardsOf(a, "done")).toHaveText(["test"]);
  await expect(cardsOf(a, "todo")).toHaveText(["write", "ship"]);
  await expect(a.getByRole("heading", { name: "To do · 2" })).toBeVisible();
});

test("a card is moved, renamed and removed by the keyboard, and all of it is taken back", async ({
  openBoard,
}) => {
  const page = await openBoard();
  await add(page, "one", "two");
  await cardsOf(page, "todo").first().focus();
  await page.keyboard.press("ArrowDown");
  await expect(cardsOf(page, "todo")).toHaveText(["two", "one"]);
  await page.keyboard.press("ArrowRight");
  await expect(cardsOf(page, "doing")).toHaveText(["one"]);
  await expect(cardsOf(page, "doing").first()).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("first");
  await page.keyboard.press("Enter");
  await expect(cardsOf(page, "doing")).toHaveText(["first"]);
  await page.keyboard.press("Delete");
  await expect(cardsOf(page, "doing")).toHaveCount(0);
  const undo = page.getByRole("button", { name: "Undo" });
  await undo.click();
  await expect(cardsOf(page, "doing")).toHaveText(["first"]);
  await undo.click();
  await expect(cardsOf(page, "doing")).toHaveText(["one"]);
  await undo.click();
  await expect(cardsOf(page, "todo")).toHaveText(["two", "one"]);
  for (let i = 0; i < 3; ++i) await undo.click();
  await expect(page.locator("li")).toHaveCount(0);
  await expect(undo).toBeDisabled();
});

test("the slider shows the board as it was, and now goes on", async ({ openBoard }) => {
  const page = await openBoard();
  await add(page, "one", "two", "three");
  const slider = page.getByLabel("History");
  await expect(slider).toHaveAttribute("max", "3");
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page.locator("li")).toHaveText(["one", "two"]);
  await page.keyboard.press("Home");
  await expect(page.locator("li")).toHaveCount(0);
  const other = await openBoard();
  await add(other, "four");
  await expect(other.locator("li")).toHaveCount(4);
  await expect(page.locator("li")).toHaveCount(0);
  await page.getByRole("button", { name: "Back to now" }).click();
  await expect(page.locator("li")).toHaveText(["one", "two", "three", "four"]);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`it looks as it should in a ${colorScheme} theme`, async ({ openBoard }) => {
    const page = await openBoard();
    await page.emulateMedia({ colorScheme });
    await add(
      page,
      "Draw the board",
      "Write the schema",
      "A title that is so long that it takes two lines",
    );
    await cardsOf(page, "todo").first().focus();
    await page.keyboard.press("ArrowRight");
    await expect(cardsOf(page, "doing")).toHaveCount(1);
    const path = join(root, `build/kanban/${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
    const [width, scroll] = await page.evaluate(() => [
      document.documentElement.clientWidth,
      document.documentElement.scrollWidth,
    ]);
    expect(scroll).toBe(width); // nothing sticks out
    await page.getByLabel("History").focus();
    await page.keyboard.press("ArrowLeft");
    await expect(cardsOf(page, "doing")).toHaveCount(0);
    await page.screenshot({ path: path.replace(".png", "_past.png"), fullPage: true });
  });
}

/** The page's next version: its middle lane has another name, also in what was appended before. */
async function nextBuild(page: Page): Promise<void> {
  const change = async (file: string, ...changes: [string, string][]): Promise<void> => {
    await page.route(`**/${file}`, async (route) => {
      let body = await (await route.fetch()).text();
      for (const [old, fresh] of changes) {
        expect(body).toContain(old);
        body = body.replace(old, fresh);
      }
      await route.fulfill({ body, contentType: "text/javascript" });
    });
  };
  const lane = `'lane', iif(:lane = 'doing', 'active', :lane), 'rank', :rank`;
  await change(
    "board.mjs",
    [`{ id: "doing", title: "Doing" }`, `{ id: "active", title: "Active" }`],
    ["version: 1", "version: 2"],
    ["'todo', 'doing', 'done'", "'todo', 'active', 'done'"],
    ["     )`,\n  ],", "     )`,\n    'CREATE INDEX by_lane ON card(lane, rank)',\n  ],"],
    [
      "  events: {",
      `  upcasters: {
         "card.added": { from: 1, args: "json_object('id', :id, 'title', :title, ${lane})" },
         "card.moved": { from: 1, args: "json_object('id', :id, ${lane})" },
       },
       events: {`,
    ],
  );
  await change("app.mjs", ["schema })", `schema, onUpgrade: "rebuild" })`]);
}

test("an old and a new build are open side by side", async ({ openBoard, profile }) => {
  const old = await openBoard();
  await add(old, "one", "two");
  await cardsOf(old, "todo").first().focus();
  await old.keyboard.press("ArrowRight");
  await expect(cardsOf(old, "doing")).toHaveText(["one"]);

  const next = await profile.newPage();
  await nextBuild(next);
  await next.goto(old.url());
  await expect(cardsOf(next, "active")).toHaveText(["one"]);
  await expect(cardsOf(next, "todo")).toHaveText(["two"]);
  const problem = old.locator("#problem");
  await expect(problem).toContainText("reload");

  // What the old one still does is not lost.
  await cardsOf(old, "todo").first().focus();
  await old.keyboard.press("ArrowRight");
  await expect(cardsOf(next, "active")).toHaveText(["one", "two"]);
  await nextBuild(old);
  await old.reload();
  await expect(cardsOf(old, "active")).toHaveText(["one", "two"]);
  await add(old, "three");
  await expect(cardsOf(next, "todo")).toHaveText(["three"]);
  await next.close();
});
