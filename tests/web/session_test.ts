import assert from "node:assert/strict";
import { test } from "node:test";
import { payloads, type Accepted } from "../../web/src/boundary_page.js";
import { Reader, encode, frames, type Writer } from "../../web/src/bytes.js";
import { TablogError } from "../../web/src/errors.js";
import { Session, type AppendCall } from "../../web/src/session.js";

interface Call extends AppendCall {
  outcome?: Accepted | TablogError;
}

function newCall(tag = 0): Call {
  const call: Call = {
    payload: Uint8Array.of(payloads.events, tag),
    durability: "full",
    optimistic: false,
    expectedIndex: undefined,
    reads: [],
    resolve: (accepted) => (call.outcome = accepted),
    reject: (error) => (call.outcome = error),
  };
  return call;
}

interface Written {
  handed?: true;
  number: number;
  settledThrough: number;
  payload: number;
}

function written(write: (writer: Writer) => void): Written[] {
  return [...frames(encode(write))].map((input) => {
    const r = new Reader(input);
    const kind = r.u8();
    assert.ok(kind === 1 || kind === 14);
    const [number, settledThrough] = [r.u64(), r.u64()];
    r.u8();
    assert.equal(r.bool(), false); // optimistic
    r.option(() => r.u64());
    assert.equal(r.u32(), 0); // reads
    const append = { number, settledThrough, payload: r.u8() };
    return kind === 14 ? { ...append, handed: true } : append;
  });
}

const accepted: Accepted = { firstIndex: 5, count: 1, term: 1, time: 0, changes: 0, voided: false };
const codeOf = (call: Call): string | undefined =>
  call.outcome instanceof TablogError ? call.outcome.code : undefined;

function sent(session: Session, count: number): Call[] {
  const calls = Array.from({ length: count }, (_, i) => newCall(i));
  calls.forEach((call) => session.add(call));
  encode((w) => calls.forEach((call) => session.write(w, call, false)));
  return calls;
}

test("numbers are given at first send, in order", () => {
  const session = new Session();
  const [a, b, c] = [newCall(), newCall(), newCall()];
  for (const call of [a, b, c]) session.add(call);
  session.withdraw(b);
  assert.equal(codeOf(b), "Aborted");
  const numbers = written((w) => [a, b, c].forEach((call) => session.write(w, call, false))).map(
    ({ number }) => number,
  );
  assert.deepEqual(numbers, [1, 2]);
  assert.equal(session.pending, 2);
});

test("a new worker gets what is unanswered with the same numbers, then what was never sent", () => {
  const session = new Session();
  sent(session, 3);
  session.settle(1, accepted);
  session.settle(3, accepted);
  session.add(newCall());
  assert.deepEqual(
    written((w) => session.writeAll(w)).map(({ number, settledThrough }) => [
      number,
      settledThrough,
    ]),
    [
      [2, 1],
      [4, 1],
    ],
  );
});

test("settled through is the number below which all are answered", () => {
  const session = new Session();
  sent(session, 2);
  session.settle(2, accepted);
  assert.deepEqual(written((w) => session.writeAll(w))[0]?.settledThrough, 0);
  session.settle(1, accepted);
  const [call] = [newCall()];
  session.add(call);
  assert.deepEqual(
    written((w) => session.write(w, call, false)),
    [{ number: 3, settledThrough: 2, payload: 0 }],
  );
});

test("a second answer for a number is ignored", () => {
  const session = new Session();
  const [call] = sent(session, 1);
  session.settle(1, accepted);
  session.settle(1, new TablogError("Rejected", "late"));
  assert.equal(call?.outcome, accepted);
  assert.equal(session.pending, 0);
});

test("a withdrawn call that was sent goes again as void, and its answer decides", () => {
  const session = new Session();
  const [first, second] = sent(session, 2);
  assert.ok(first && second);
  const again = session.withdraw(first);
  assert.ok(again);
  assert.deepEqual(written(again), [{ number: 1, settledThrough: 0, payload: payloads.void }]);
  assert.equal(first.outcome, undefined);
  assert.equal(written((w) => session.writeAll(w))[0]?.payload, payloads.void);
  session.settle(1, { ...accepted, voided: true });
  assert.equal(codeOf(first), "Aborted");
  session.withdraw(second);
  session.settle(2, accepted);
  assert.equal(second.outcome, accepted);
});

test("what is left is rejected with what is known of its outcome", () => {
  const session = new Session();
  const [old] = sent(session, 1);
  const fresh = newCall();
  session.add(fresh);
  session.abandon(new TablogError("Closed", "closed"));
  assert.ok(old?.outcome instanceof TablogError && old.outcome.outcome === "unknown");
  assert.ok(fresh.outcome instanceof TablogError && fresh.outcome.outcome === "none");
  assert.equal(session.pending, 0);
});

test("what is handed to the leader waits until nothing is on its way by the replica worker", () => {
  const session = new Session();
  assert.ok(session.clear);
  sent(session, 1); // by the replica worker
  assert.equal(session.clear, false);
  session.settle(1, accepted);
  assert.ok(session.clear);
  const call = newCall();
  session.add(call);
  assert.equal(session.unsentBytes, 2);
  assert.deepEqual(
    written((w) => session.write(w, call, true)),
    [{ number: 2, settledThrough: 1, payload: payloads.events, handed: true }],
  );
  assert.equal(session.unsentBytes, 0);
  assert.ok(session.clear, "the next one may follow it");
  session.relay(); // that leader is gone
  assert.equal(session.clear, false);
  assert.deepEqual(
    written((w) => session.writeAll(w)),
    [{ number: 2, settledThrough: 1, payload: payloads.events }],
  );
});

test("knows the index of its last entry until the history is gone", () => {
  const session = new Session();
  sent(session, 2);
  session.settle(2, { ...accepted, firstIndex: 9, count: 2 });
  session.settle(1, accepted);
  assert.equal(session.appended, 10);
  session.forgetAppended();
  assert.equal(session.appended, 0);
});
