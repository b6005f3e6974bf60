// The browser tests' checker finds what it is there for: each test plants one thing in a history that is well.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Told } from "../browser/history.js";
import { violations, type Expectation, type Logged } from "../browser/history_checker.js";

const stopped: Expectation = { stopped: ["a", "b"] };

const log: readonly Logged[] = [
  { index: 1, term: 1, id: null },
  { index: 2, term: 1, id: "a-1" },
  { index: 3, term: 1, id: "b-1" },
  { index: 4, term: 2, id: null },
  { index: 5, term: 2, id: "a-2" },
];
const a1 = { tab: "a", count: 1, sum: 1, at: 2 };
const a2 = { tab: "a", count: 2, sum: 3, at: 5 };
const b1 = { tab: "b", count: 1, sum: 1, at: 3 };

const history: readonly Told[] = [
  { tab: "a", kind: "issued", id: "a-1" },
  { tab: "b", kind: "issued", id: "b-1" },
  { tab: "a", kind: "acknowledged", id: "a-1", index: 2 },
  { tab: "a", kind: "asked", read: 1, consistency: "session" },
  { tab: "b", kind: "acknowledged", id: "b-1", index: 3 },
  { tab: "a", kind: "answered", read: 1, seen: [a1] },
  { tab: "a", kind: "asked", read: 2, consistency: "linearizable" },
  { tab: "a", kind: "issued", id: "a-2" },
  { tab: "a", kind: "answered", read: 2, seen: [a1, b1] },
  { tab: "a", kind: "acknowledged", id: "a-2", index: 5 },
  { tab: "b", kind: "asked", read: 1, consistency: "session" },
  { tab: "b", kind: "answered", read: 1, seen: [a2, b1] },
  { tab: "b", kind: "asked", read: 2, consistency: "session" },
  { tab: "b", kind: "answered", read: 2, seen: [a2, b1] },
];

/** The history with the step at `place` replaced by others. */
function told(place: number, ...steps: Told[]): Told[] {
  return history.toSpliced(place, 1, ...steps);
}

/** The log with its entry at `index` replaced by others, indexes and terms as they were. */
function logged(index: number, ...ids: readonly (string | null)[]): Logged[] {
  const others = ids.map((id) => ({ term: log[index - 1]?.term ?? 0, id }));
  return log
    .map(({ term, id }) => ({ term, id }))
    .toSpliced(index - 1, 1, ...others)
    .map((entry, i) => ({ index: i + 1, ...entry }));
}

function finds(
  words: RegExp,
  steps: readonly Told[],
  entries: readonly Logged[] = log,
  expectation: Expectation = stopped,
): void {
  const found = violations(steps, entries, expectation);
  assert.ok(
    found.some((each) => words.test(each)),
    `nothing about ${words} in ${JSON.stringify(found)}`,
  );
}

test("a history that is well is left alone", () => {
  assert.deepEqual(violations(history, log, stopped), []);
  assert.deepEqual(violations([], [], stopped), []);
});

test("an acknowledged append that is lost", () =>
  finds(/a-2 .*not in the log/, history, logged(5)));

test("an append that took effect twice", () =>
  finds(/a-2 took effect twice/, history, logged(5, "a-2", "a-2")));

test("an append at another index than its acknowledgement says", () =>
  finds(
    /b-1 was acknowledged at 4 and is at 3/,
    told(4, { tab: "b", kind: "acknowledged", id: "b-1", index: 4 }),
  ));

test("an entry that nobody issued", () =>
  finds(/x-1 at 6 was never issued/, history, logged(5, "a-2", "x-1")));

test("two appends of a tab in the other order", () => {
  const swapped = [...log];
  [swapped[1], swapped[4]] = [
    { index: 2, term: 1, id: "a-2" },
    { index: 5, term: 2, id: "a-1" },
  ];
  finds(/a-1 at 5 is behind a later one/, history, swapped);
});

test("an append before one that was acknowledged when it was issued", () => {
  const steps: Told[] = [
    { tab: "b", kind: "issued", id: "b-1" },
    { tab: "b", kind: "acknowledged", id: "b-1", index: 3 },
    { tab: "a", kind: "issued", id: "a-1" },
    { tab: "a", kind: "acknowledged", id: "a-1", index: 2 },
  ];
  finds(/a-1 is at 2, though 3 was acknowledged/, steps, log.slice(0, 3));
});

test("a gap in the indexes, and a term that goes back", () => {
  finds(
    /index 5 as its entry 4/,
    history,
    log.filter(({ index }) => index !== 4),
  );
  finds(
    /entry 5 has term 1/,
    history,
    log.map((entry) => ({ ...entry, term: entry.index === 4 ? 2 : 1 })),
  );
});

test("an append that is never answered, unless its tab died", () => {
  const steps = told(9);
  finds(/a-2 was never answered/, steps);
  assert.deepEqual(violations(steps, log, { stopped: ["b"] }), []);
  assert.deepEqual(violations(steps.slice(0, 9), logged(5), { stopped: ["b"] }), []);
});

test("an append that is answered twice", () => {
  const again: Told = { tab: "a", kind: "acknowledged", id: "a-1", index: 2 };
  finds(/a-1 was answered twice/, [...history, again]);
});

test("a refusal that nobody expects, and one that took effect", () => {
  const refused = {
    tab: "a",
    kind: "refused",
    id: "a-2",
    code: "QuotaExceeded",
    message: "",
  } as const;
  const full: Expectation = { ...stopped, refusals: ["QuotaExceeded"] };
  const none = told(9, { ...refused, outcome: "none" });
  const unknown = told(9, { ...refused, outcome: "unknown" });
  finds(/a-2 was refused: QuotaExceeded/, unknown);
  finds(/a-2 was refused without effect and is at 5/, none, log, full);
  assert.deepEqual(violations(unknown, log, full), []);
  assert.deepEqual(violations(none.slice(0, 10), logged(5, null), full), []);
});

test("a read that failed, unless that is expected", () => {
  const steps = told(8, {
    tab: "a",
    kind: "failed",
    read: 2,
    code: "LeaderUnresponsive",
    message: "",
  });
  finds(/read 2 of a failed/, steps);
  assert.deepEqual(violations(steps, log, { ...stopped, failures: ["LeaderUnresponsive"] }), []);
});

test("a session read that does not see the tab's own append", () =>
  finds(
    /session read of a that saw 0 is stale: the tab knew 2/,
    told(5, { tab: "a", kind: "answered", read: 1, seen: [] }),
  ));

test("a session read that goes back behind the one before", () =>
  finds(
    /session read of b that saw 3 is stale: the tab knew 5/,
    told(13, { tab: "b", kind: "answered", read: 2, seen: [a1, b1] }),
  ));

test("a linearizable read that does not see what another tab was told", () =>
  finds(
    /linearizable read of a that saw 2 is stale: 3 was known/,
    told(8, { tab: "a", kind: "answered", read: 2, seen: [a1] }),
  ));

test("a session read may miss what another tab was told, and any read what came after it was asked", () => {
  assert.deepEqual(
    violations(told(8, { tab: "a", kind: "answered", read: 2, seen: [a2, b1] }), log, stopped),
    [],
  );
  const steps = told(6, { tab: "a", kind: "asked", read: 2, consistency: "session" });
  steps[8] = { tab: "a", kind: "answered", read: 2, seen: [a1] };
  assert.deepEqual(violations(steps, log, stopped), []);
});

test("a read whose items are not the log's through its last", () => {
  const twice = { ...a2, count: 3, sum: 5 };
  finds(
    /3 items of a with sum 5/,
    told(11, { tab: "b", kind: "answered", read: 1, seen: [twice, b1] }),
  );
  finds(/0 items of b/, told(11, { tab: "b", kind: "answered", read: 1, seen: [a2] }));
  const other = { ...a2, sum: 2 };
  finds(
    /2 items of a with sum 2/,
    told(11, { tab: "b", kind: "answered", read: 1, seen: [other, b1] }),
  );
});

test("entries that are gone, unless the store's data were deleted before", () => {
  const back: Told[] = (["a", "b"] as const).map((tab) => ({ tab, kind: "rolledBack" }));
  const after: Told[] = [
    { tab: "a", kind: "issued", id: "a-3" },
    { tab: "a", kind: "acknowledged", id: "a-3", index: 2 },
    { tab: "b", kind: "asked", read: 3, consistency: "linearizable" },
    { tab: "b", kind: "answered", read: 3, seen: [{ tab: "a", count: 1, sum: 3, at: 2 }] },
  ];
  const anew: Logged[] = [
    { index: 1, term: 1, id: null },
    { index: 2, term: 1, id: "a-3" },
  ];
  const deleted: Expectation = { ...stopped, deleted: true };
  assert.deepEqual(violations([...history, ...back, ...after], anew, deleted), []);
  finds(/a was told that the entries it had seen are gone/, [...history, ...back]);
  finds(/a-3 .*not in the log/, [...history, ...back, ...after], anew.slice(0, 1), deleted);
  finds(
    /read of b that saw 0 is stale/,
    [...history, ...back, ...after.with(3, { tab: "b", kind: "answered", read: 3, seen: [] })],
    anew,
    deleted,
  );
});
