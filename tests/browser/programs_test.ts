// The demo and the benchmark as the programs that ./dev runs. Never their timings: the machine may be busy.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { capture, root } from "../../scripts/lib.mjs";

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));

test("three tabs record 20,000 flights while their leader is killed twice", async () => {
  test.setTimeout(150_000);
  const { code, stdout, stderr } = await capture("node", ["examples/demo/run.mjs"]);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout.match(/ → /g)).toHaveLength(2);
});

test("the benchmark measures every contender", async () => {
  test.setTimeout(150_000);
  const { code, stdout, stderr } = await capture("node", ["bench/run.mjs", "--quick"]);
  expect(code, stdout + stderr).toBe(0);
  const contenders = ["bare", "sahpool", "sahpool, WAL", "tablog", "tablog, other tab"];
  const { figures } = read("build/bench/quick.json") as { figures: Record<string, object> };
  for (const name of ["append, awaited", "1,000 appends, not awaited", "batch of 10,000"]) {
    expect(Object.keys(figures[name] ?? {})).toEqual(contenders);
  }
  for (const name of ["query of one row", "query of 1,000 rows"]) {
    expect(Object.keys(figures[name] ?? {})).toEqual(contenders.slice(1));
  }
  expect(Object.keys(figures["failover after SIGKILL"] ?? {})).toEqual(["bare", "tablog"]);
});
