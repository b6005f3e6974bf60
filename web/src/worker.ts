// The entry of both workers: one file, told by its first message which of the two it is.

import { Writer } from "./bytes.js";
import { LeaderWorker } from "./leader_worker.js";
import { MemoryFiles } from "./memory_files.js";
import { OpfsFiles } from "./opfs.js";
import { ReplicaWorker, noFiles } from "./replica_worker.js";
import { startEngine, type Step } from "./wasm.js";
import { giveUp, holdLifeLock, tellPage } from "./worker_host.js";
import type { StartMessage, StartPast, ToWorker } from "./worker_protocol.js";

let replica: ReplicaWorker | undefined;
let leader: LeaderWorker | undefined;
let past: Step | undefined; // of a worker that holds an earlier state

// The hello comes before all that the module says.
async function start(message: StartMessage): Promise<void> {
  await holdLifeLock(message);
  if (message.role === "replica") {
    const step = await startEngine(message.module, "replica", noFiles);
    tellPage({ kind: "hello" });
    replica = new ReplicaWorker(step, message);
  } else {
    const files = message.memory ? new MemoryFiles() : new OpfsFiles(message.key, message.name);
    files.prepare();
    const step = await startEngine(message.module, "leader", files.table);
    tellPage({ kind: "hello" });
    leader = new LeaderWorker(message, step, files);
  }
}

async function startPast(message: StartPast): Promise<void> {
  await holdLifeLock(message);
  const { module } = message;
  past = await startEngine(module, "past", noFiles);
  tellPage({ kind: "hello" });
}

function inputPast(step: Step, input: Uint8Array): void {
  const outputs = new Writer();
  for (const output of step(input)) outputs.bytes(output);
  tellPage({ kind: "outputs", sequence: outputs.finish().buffer });
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case "start":
      void start(data).catch(giveUp);
      return;
    case "startPast":
      void startPast(data).catch(giveUp);
      return;
    case "line":
      return (replica ?? leader)?.connect(data.line);
    case "input":
      return past === undefined
        ? (replica ?? leader)?.input(data.input)
        : inputPast(past, data.input);
    case "suspect":
      return leader?.suspect();
    case "rehearse":
      return leader?.rehearse();
    case "ping":
      return tellPage({ kind: "pong", count: data.count });
  }
};
self.addEventListener("error", (event) => giveUp(event.error));
self.addEventListener("unhandledrejection", (event) => giveUp(event.reason));
