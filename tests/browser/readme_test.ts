// The README's example is a program that runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "../../scripts/static_server.mjs";
import { expect, test } from "./fixtures.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("the README shows examples/quickstart", () => {
  const [, shown] = /```js\n(.*?)```/s.exec(read("README.md")) ?? [];
  expect(shown).toBe(read("examples/quickstart/quickstart.mjs"));
});

test("the example appends an event and prints the row", async ({ profile }) => {
  const server = await serve({
    "/": join(root, "examples/quickstart"),
    "/tablog/": join(root, "dist"),
  });
  const page = await profile.newPage();
  try {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    const printed = page.waitForEvent("console", (message) => message.type() === "log");
    await page.goto(server.url);
    const rows: unknown = await (await printed).args()[0]?.jsonValue();
    expect(rows).toEqual([{ title: "try tablog", done: 0 }]);
    expect(problems).toEqual([]);
  } finally {
    await page.close();
    await server.close();
  }
});
