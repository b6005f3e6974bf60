// One preallocated file; the messages that have come in are written together and flushed once.
import { answer } from "./rpc.mjs";

const kBytes = 64 * 2 ** 20;

let file;
let at = 0;
let waiting = [];
const { port1: later, port2: now } = new MessageChannel();
now.onmessage = () => {
  const batch = waiting;
  waiting = [];
  for (const { bytes } of batch) {
    if (at + bytes.length > kBytes) at = 0;
    file.write(bytes, { at });
    at += bytes.length;
  }
  file.flush();
  for (const { resolve } of batch) resolve();
};

answer({
  async open(name) {
    const root = await navigator.storage.getDirectory();
    file = await (await root.getFileHandle(name, { create: true })).createSyncAccessHandle();
    const chunk = new Uint8Array(2 ** 20);
    for (let offset = 0; offset < kBytes; offset += chunk.length) file.write(chunk, { at: offset });
    file.flush();
  },
  append: (bytes) =>
    new Promise((resolve) => {
      if (waiting.push({ bytes, resolve }) === 1) later.postMessage(null);
    }),
});
