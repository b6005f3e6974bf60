// Round trips of 1 KiB between the workers of two tabs. Both ends run this; the one that is asked measures.
import { answer } from "./rpc.mjs";
import { timed } from "./workload.mjs";

const message = new Uint8Array(1024);
const channel = new BroadcastChannel("bench");
let port;
/** @type {(value?: unknown) => void} */
let heard = () => {};

const receive = (reply) => (event) => {
  if (event.data.ping) reply({ ping: false, message });
  else heard();
};
channel.onmessage = receive((data) => channel.postMessage(data));

const roundTrip = (send) => () =>
  new Promise((resolve) => {
    heard = resolve;
    send({ ping: true, message });
  });

answer({
  connect(given) {
    port = given;
    port.onmessage = receive((data) => port.postMessage(data));
  },
  broadcastRoundTrip: (times) =>
    timed(
      times,
      roundTrip((data) => channel.postMessage(data)),
    ),
  portRoundTrip: (times) =>
    timed(
      times,
      roundTrip((data) => port.postMessage(data)),
    ),
});
