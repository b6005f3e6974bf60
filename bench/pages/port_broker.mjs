// Joins the tabs that connect, two by two, with a port each.
let waiting;

globalThis.onconnect = ({ ports: [tab] }) => {
  if (!waiting) {
    waiting = tab;
    return;
  }
  const { port1, port2 } = new MessageChannel();
  waiting.postMessage(null, [port1]);
  tab.postMessage(null, [port2]);
  waiting = undefined;
};
