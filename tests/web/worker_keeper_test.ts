import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { TablogError } from "../../web/src/errors.js";
import { WorkerKeeper } from "../../web/src/worker_keeper.js";
import type { FromWorker } from "../../web/src/worker_protocol.js";

// Workers and their life locks, as far as a keeper sees them.
class FakeWorker {
  static all: FakeWorker[] = [];
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  onmessageerror = null;
  terminated = false;
  die: () => void = () => undefined; // grants the life lock to the page

  constructor() {
    FakeWorker.all.push(this);
  }

  static get last(): FakeWorker {
    return FakeWorker.all.at(-1) ?? assert.fail("no worker was started");
  }

  postMessage(): void {}

  terminate(): void {
    this.terminated = true;
  }

  say(message: FromWorker): void {
    this.onmessage?.({ data: message });
  }
}

const fakeLocks = {
  request: (_name: string, { signal }: { signal: AbortSignal }, granted: () => void) =>
    new Promise<void>((resolve, reject) => {
      FakeWorker.last.die = () => {
        granted();
        resolve();
      };
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    }),
} as unknown as LockManager;

interface Seen {
  keeper: WorkerKeeper;
  told: string[];
}

function keep(): Seen {
  const told: string[] = [];
  const tell = (what: string) => (error: TablogError) => void told.push(`${what} ${error.code}`);
  const keeper = new WorkerKeeper({
    pauseMs: 50,
    begin: (life) => {
      told.push(`begin ${life}`);
      return {
        url: "worker.js",
        locks: fakeLocks,
        module: new Promise<WebAssembly.Module>(() => undefined),
        start: {
          role: "replica",
          name: "k",
          key: "k",
          tab: "t",
          lifeLock: `life ${life}`,
          memory: false,
          schemaVersion: 1,
          snapshots: 0,
          line: undefined as unknown as MessagePort,
          configuration: new ArrayBuffer(0),
        },
      };
    },
    onUp: () => void told.push("up"),
    onMessage: ({ kind }) => void told.push(kind),
    onDown: tell("down"),
    onGivenUp: tell("given up"),
  });
  return { keeper, told };
}

beforeEach(() => {
  FakeWorker.all = [];
  (globalThis as { Worker?: unknown }).Worker = FakeWorker;
  mock.timers.enable({ apis: ["setTimeout"] } as never); // the types are of an older Node
});
afterEach(() => mock.timers.reset());

test("a worker that dies is followed by another, and is not heard any more", () => {
  const { keeper, told } = keep();
  keeper.start();
  const first = FakeWorker.last;
  first.say({ kind: "hello" });
  assert.ok(keeper.up);
  first.die();
  assert.ok(!keeper.up && first.terminated);
  first.say({ kind: "pong", count: 1 });
  mock.timers.tick(49);
  assert.equal(told.at(-1), "down LoadFailed");
  mock.timers.tick(1);
  FakeWorker.last.say({ kind: "hello" });
  FakeWorker.last.say({ kind: "pong", count: 2 });
  assert.deepEqual(told, ["begin 1", "up", "down LoadFailed", "begin 2", "up", "pong"]);
});

test("a worker that says that it cannot go on is ended", () => {
  const { keeper, told } = keep();
  keeper.start();
  const first = FakeWorker.last;
  first.say({ kind: "hello" });
  first.say({ kind: "fatal", message: "trap" });
  assert.ok(first.terminated);
  assert.deepEqual(told, ["begin 1", "up", "down LoadFailed"]);
});

test("a first worker that cannot be loaded is given up at once", () => {
  const { keeper, told } = keep();
  keeper.start();
  FakeWorker.last.onerror?.({ message: "", preventDefault: () => undefined });
  mock.timers.tick(60_000);
  assert.deepEqual(told, ["begin 1", "given up LoadFailed"]);
});

test("a first worker that never answers is given up", () => {
  const { keeper, told } = keep();
  keeper.start();
  mock.timers.tick(19_999);
  assert.deepEqual(told, ["begin 1"]);
  mock.timers.tick(1);
  assert.deepEqual(told, ["begin 1", "given up LoadFailed"]);
});

test("workers that keep dying are given up after five quick deaths", () => {
  const { keeper, told } = keep();
  keeper.start();
  for (let deaths = 1; deaths <= 5; ++deaths) {
    FakeWorker.last.say({ kind: "hello" });
    FakeWorker.last.die();
    mock.timers.tick(5000);
  }
  assert.equal(FakeWorker.all.length, 5);
  assert.equal(told.at(-1), "given up LoadFailed");
});

test("a worker that is stopped on purpose is not mourned", () => {
  const { keeper, told } = keep();
  keeper.start();
  FakeWorker.last.say({ kind: "hello" });
  const { die } = FakeWorker.last;
  keeper.stop();
  die();
  mock.timers.tick(60_000);
  assert.deepEqual(told, ["begin 1", "up"]);
  keeper.start();
  assert.deepEqual(told, ["begin 1", "up", "begin 2"]);
});
