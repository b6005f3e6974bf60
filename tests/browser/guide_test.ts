// The guide's examples run, and print what the guide says.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "../../scripts/static_server.mjs";
import { expect, test } from "./fixtures.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = join(root, "docs/guide");
const pages = readdirSync(guide).filter((file) => file !== "README.md");

const kPage = `<!doctype html>
<script type="importmap">{ "imports": { "tablog": "/tablog/index.js", "tablog/inspector": "/tablog/inspector/inspector.js" } }</script>
<script type="module">
  await import("./example.mjs");
  document.title = "done";
</script>`;

for (const file of pages) {
  test(`the example of docs/guide/${file} prints what stands below it`, async ({ profile }) => {
    const text = readFileSync(join(guide, file), "utf8");
    const [, code] = /```js\n(.*?)```/s.exec(text) ?? [];
    const [, printed] = /```text\n(.*?)```/s.exec(text) ?? [];
    if (code === undefined || printed === undefined) throw new Error("no example, or no output");
    const directory = mkdtempSync(join(tmpdir(), "tablog-guide-"));
    writeFileSync(join(directory, "index.html"), kPage);
    writeFileSync(join(directory, "example.mjs"), code);
    const server = await serve({ "/": directory, "/tablog/": join(root, "dist") });
    const page = await profile.newPage();
    try {
      const lines: string[] = [];
      const problems: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "log") lines.push(message.text());
      });
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto(server.url);
      await page.waitForFunction(() => document.title === "done");
      expect(problems).toEqual([]);
      expect(`${lines.join("\n")}\n`).toBe(printed);
    } finally {
      await page.close();
      await server.close();
      rmSync(directory, { recursive: true });
    }
  });
}
