// docs/guide/debugging.md, "A stuck tab": the tab is stopped here as it is told there, and what the tool prints has to be
// what stands there, but for ids, times and sizes. TABLOG_REWRITE=1 writes it there instead. (The other two failures are
// tests/tools/debugging_test.cc's.)
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { chromium } from "playwright-core";
import { chromiumArguments, chromiumPath, processOf } from "../../scripts/browser.mjs";
import { capture, root } from "../../scripts/lib.mjs";
import { serve } from "../../scripts/static_server.mjs";

const guide = join(root, "docs/guide/debugging.md");
const heading = "## A stuck tab";
const prompt = "$ tablog ";
/** What the guide calls the profile. */
const profileThere = "~/.config/chromium";

/** The commands under the heading, each with the lines that it prints there. */
function commandsOf(
  lines: readonly string[],
): { command: string; at: number; printed: string[] }[] {
  const found = [];
  for (let at = lines.indexOf(heading) + 1; at < lines.length; ++at) {
    const line = lines[at] ?? "";
    if (line.startsWith("## ")) break;
    if (!line.startsWith(prompt)) continue;
    const printed = [];
    for (let next = at + 1; lines[next] !== "```" && !lines[next]?.startsWith("$ "); ++next)
      printed.push(lines[next] ?? "");
    found.push({ command: line.slice(prompt.length), at: at + 1, printed });
  }
  return found;
}

/** The same from run to run: ids by the order in which they come, times and sizes by their units. */
function steady(lines: readonly string[]): string[] {
  const ids = new Map<string, string>();
  const named = (id: string): string => {
    const short = id.slice(0, 8);
    if (!ids.has(short)) ids.set(short, `<id ${ids.size + 1}>`);
    return ids.get(short) ?? "";
  };
  return lines.map((line) =>
    line
      .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
      .replace(/\b(?:[0-9a-f]{32}|(?=[0-9]*[a-f])[0-9a-f]{8}|\d{8})\b/g, named)
      .replace(/\b[\d,.]+ (ms|s|B|kB|MB)\b/g, "<n> $1")
      .replace(/ {2,}/g, "  ")
      .trimEnd(),
  );
}

test("what the guide says of a stuck tab is what the tool tells", async () => {
  const profile = mkdtempSync(join(tmpdir(), "tablog-debugging-"));
  const server = await serve({
    "/": join(root, "tests/browser/pages/"),
    "/dist/": join(root, "dist/"),
  });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: chromiumArguments,
  });
  try {
    const open = async (tab: string) => {
      const page = await context.newPage();
      await page.goto(server.url);
      await page.waitForFunction(() => "lab" in globalThis);
      await page.evaluate(() => lab.open({ name: "notes" }));
      await page.evaluate(async (label) => {
        for (let i = 1; i <= 3; ++i)
          await store.append("item.added", { id: `${label} ${i}`, tab: label });
      }, tab);
      return page;
    };
    const first = await open("first");
    const second = await open("second");
    const stopped = await processOf(first);
    process.kill(stopped, "SIGSTOP");
    try {
      const status = await second.evaluate(async () => {
        await store.append("item.added", { id: "in between", tab: "second" });
        return store.status;
      });
      expect(status.generation).toBe(1);

      const lines = readFileSync(guide, "utf8").split("\n");
      const commands = commandsOf(lines);
      expect(commands.length).toBeGreaterThan(2);
      for (const { command, at, printed } of commands.reverse()) {
        const words = command.split(" ").map((word) => (word === profileThere ? profile : word));
        const { code, stdout, stderr } = await capture(join(root, "dist/bin/tablog"), words);
        const shown = `${stdout}${stderr}`
          .replaceAll(profile, profileThere)
          .replace(/localhost:\d+/g, "localhost:8080")
          .trimEnd()
          .split("\n");
        if (code !== 0) shown.push(`(exit code ${code})`);
        if (process.env["TABLOG_REWRITE"] === undefined)
          expect(steady(shown), command).toEqual(steady(printed));
        lines.splice(at, printed.length, ...shown);
      }
      if (process.env["TABLOG_REWRITE"] !== undefined) writeFileSync(guide, lines.join("\n"));
    } finally {
      process.kill(stopped, "SIGCONT");
    }
  } finally {
    await context.close();
    await server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
