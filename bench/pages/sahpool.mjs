// The official sqlite-wasm on its opfs-sahpool VFS, in a worker, one transaction per append.
import { Remote } from "./rpc.mjs";
import { item, items, timed } from "./workload.mjs";

/** @param {{ name: string, journal: "default" | "wal", rows: number }} options */
export async function open({ name, journal, rows }) {
  const worker = new Remote("sahpool_worker.mjs");
  await worker.call("open", { name, journal });
  await worker.call("insertAll", items(1, rows));
  let next = rows + 1;
  const append = () => worker.call("insert", item(next++));
  const appendBatch = (count) => {
    const batch = items(next, count);
    next += count;
    return worker.call("insertAll", batch);
  };
  return {
    appendAwaited: (times) => timed(times, append),
    appendNotAwaited: (count) => timed(1, () => Promise.all(Array.from({ length: count }, append))),
    appendBatch: (count) => timed(1, () => appendBatch(count)),
    pointQuery: (times) =>
      timed(times, (i) => worker.call("point", { id: 1 + ((i * 7919) % rows) })),
    rangeQuery: (times, count) =>
      timed(times, (i) => worker.call("range", { from: 1 + ((i * 7919) % (rows - count)), count })),
  };
}
