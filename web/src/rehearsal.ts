// Rehearsal: a standby takes the lead of a store in memory, twice, and drops it. Browsers compile a function of
// the module when it is first called: without this, a failover would wait for most of a leader to be compiled.

import { decodeLeaderOutput, leaderInputs } from "./boundary_worker.js";
import { MemoryFiles } from "./memory_files.js";
import { mintId } from "./names.js";
import { startEngine } from "./wasm.js";

/**
 * What the module says goes nowhere; between its steps the worker does what else there is to do.
 * @returns The terms that were begun.
 */
export async function rehearse(module: WebAssembly.Module): Promise<number[]> {
  const files = new MemoryFiles();
  const first = await takeTheLead(module, files); // of a store that does not exist yet,
  files.closeAll();
  return [first, await takeTheLead(module, files)]; // and of one that another has left
}

async function takeTheLead(module: WebAssembly.Module, files: MemoryFiles): Promise<number> {
  const step = await startEngine(module, "leader", files.table);
  const client = mintId(crypto);
  const configuration = {
    client,
    fresh: mintId(crypto),
    seed: 0n,
    memory: true,
    schemaVersion: 1,
    keepsSnapshots: false,
  };
  let term = 0;
  const inputs = [
    leaderInputs.configure(configuration),
    leaderInputs.lockGranted(),
    leaderInputs.locksSeen(performance.now(), true, [client], client),
  ];
  for (const input of inputs) {
    const outputs = [...step(input)].map(decodeLeaderOutput);
    for (const output of outputs) {
      if (output.kind === "role" && output.role === "leading") term = output.term;
      if (output.kind !== "openFiles") continue;
      inputs.push(leaderInputs.filesOpened(await files.open(output.log, output.pool)));
    }
    await nextTask();
  }
  return term;
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
