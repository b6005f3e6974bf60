// What measured_worker.mjs does before the package's worker: it tells how much memory its module has taken when it
// is asked, on its tab's channel.
const memories = [];
const instantiate = WebAssembly.instantiate;
// The package gives a compiled module, so what comes of it is the instance.
WebAssembly.instantiate = async (module, imports) => {
  const instance = await instantiate(module, imports);
  memories.push(instance.exports.memory);
  return instance;
};

const channel = new BroadcastChannel(self.location.search);
channel.onmessage = ({ data }) => {
  if (data !== self.name) return;
  const bytes = memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  channel.postMessage({ bytes });
};
