// What measured_worker.mjs does before the package's worker: it tells how much memory its module has taken when it
// is asked, on its tab's channel.
/** @type {WebAssembly.Memory[]} */
const memories = [];
/** @type {any} */
const wasm = WebAssembly;
const { instantiate } = WebAssembly;
// The package gives a compiled module, so what comes of it is the instance.
wasm.instantiate = async (/** @type {WebAssembly.Module} */ module, imports) => {
  const instance = await instantiate(module, imports);
  memories.push(/** @type {WebAssembly.Memory} */ (instance.exports["memory"]));
  return instance;
};

const channel = new BroadcastChannel(self.location.search);
channel.onmessage = ({ data }) => {
  if (data !== self.name) return;
  const bytes = memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  channel.postMessage({ bytes });
};
