// The bare platform: what writing, flushing and channels cost by themselves. Nothing durable can be faster.
import { Remote } from "./rpc.mjs";
import { item, items, timed, wallClock } from "./workload.mjs";

const encoder = new TextEncoder();
const encode = (rows) => encoder.encode(JSON.stringify(rows));

/** @param {{ name: string }} options */
export async function open({ name }) {
  const writer = new Remote("bare_worker.mjs");
  await writer.call("open", name);
  let next = 1;
  const append = () => writer.call("append", encode(item(next++)));
  return {
    appendAwaited: (times) => timed(times, append),
    appendNotAwaited: (count) => timed(1, () => Promise.all(Array.from({ length: count }, append))),
    appendBatch: (count) => timed(1, () => writer.call("append", encode(items(next, count)))),
  };
}

/** Two tabs open this: workers that send 1 KiB to each other over both kinds of channel. */
export async function openChannels() {
  const end = new Remote("channel_worker.mjs");
  const broker = new SharedWorker("port_broker.mjs", { type: "module" });
  await new Promise((resolve) => {
    broker.port.onmessage = ({ ports: [port] }) => resolve(end.call("connect", port, [port]));
  });
  return {
    broadcastRoundTrip: (times) => end.call("broadcastRoundTrip", times),
    portRoundTrip: (times) => end.call("portRoundTrip", times),
  };
}

/** Waits for a lock, and when it is granted opens one file: the least that any failover takes. */
export async function openHeir({ name }) {
  const heir = new Remote("heir_worker.mjs");
  const inherited = heir.call("inherit", name);
  // A cached or frozen page keeps its locks: it has to let go by itself.
  addEventListener("pagehide", () => heir.end());
  document.addEventListener("freeze", () => heir.end());
  return { inherited: () => inherited, wallClock };
}
