// The entry of both workers: one file, told by its first message which of the two it is.

import { LeaderWorker } from "./leader_worker.js";
import { MemoryFiles } from "./memory_files.js";
import { OpfsFiles } from "./opfs.js";
import { ReplicaWorker, noFiles } from "./replica_worker.js";
import { startEngine } from "./wasm.js";
import { giveUp, holdLifeLock, tellPage } from "./worker_host.js";
import type { StartMessage, ToWorker } from "./worker_protocol.js";

let replica: ReplicaWorker | undefined;
let leader: LeaderWorker | undefined;

// The hello comes before all that the module says.
async function start(message: StartMessage): Promise<void> {
  await holdLifeLock(message);
  if (message.role === "replica") {
    const step = await startEngine(message.module, "replica", noFiles);
    tellPage({ kind: "hello" });
    replica = new ReplicaWorker(step, message);
  } else {
    const files = message.memory ? new MemoryFiles() : new OpfsFiles(message.key);
    files.prepare();
    const step = await startEngine(message.module, "leader", files.table);
    tellPage({ kind: "hello" });
    leader = new LeaderWorker(message, step, files);
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case "start":
      void start(data).catch(giveUp);
      return;
    case "line":
      return (replica ?? leader)?.connect(data.line);
    case "input":
      return (replica ?? leader)?.input(data.input);
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
