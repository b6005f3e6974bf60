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

test("the example watches, appends an event and prints the row", async ({ profile }) => {
  const server = await serve({
    "/": join(root, "examples/quickstart"),
    "/tablog/": join(root, "dist"),
  });
  const page = await profile.newPage();
  try {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    const printed: Promise<unknown>[] = [];
    page.on("console", (message) => {
      if (message.type() === "log")
        printed.push(message.args()[0]?.jsonValue() ?? Promise.resolve());
    });
    await page.goto(server.url);
    await expect
      .poll(async () => (await Promise.all(printed)).at(-1))
      .toEqual([{ title: "try tablog", done: 0 }]);
    expect(problems).toEqual([]);
  } finally {
    await page.close();
    await server.close();
  }
});
