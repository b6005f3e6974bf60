// The package's worker, whose memory can be asked for. Imported in this order, and not later: messages that come
// while a worker's script waits are lost.
import "./memory.mjs";
import "/tablog/worker.js";
