// Channels: how a worker reaches the others. BroadcastChannel alone suffices: one for everyone, and an
// inbox per worker. The tab's own other worker is reached by a direct line, which is faster.

import type { Send } from "./boundary_worker.js";
import type { Id } from "./bytes.js";
import { channelNames, type Role } from "./names.js";

/** Outgoing inboxes kept open; the least recently used goes first. */
const kInboxesMax = 64;

interface Broadcast {
  readonly from: Id;
  readonly bytes: Uint8Array;
}

// Any page of the origin can post here.
function isBroadcast(data: unknown): data is Broadcast {
  return (
    typeof data === "object" && data !== null && "bytes" in data && data.bytes instanceof Uint8Array
  );
}

export class Channels {
  readonly #key: string;
  readonly #tab: Id;
  readonly #role: Role;
  readonly #receive: (bytes: Uint8Array) => void;
  readonly #everyone: BroadcastChannel;
  readonly #inboxes = new Map<string, BroadcastChannel>();
  #line: MessagePort | undefined;

  constructor(key: string, tab: Id, role: Role, receive: (bytes: Uint8Array) => void) {
    this.#key = key;
    this.#tab = tab;
    this.#role = role;
    this.#receive = receive;
    this.#everyone = new BroadcastChannel(channelNames.everyone(key));
    this.#everyone.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Our own tab's word has come by the line.
      if (isBroadcast(data) && data.from !== tab) receive(data.bytes);
    };
    const inbox = new BroadcastChannel(channelNames.inbox(key, tab, role));
    inbox.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof Uint8Array) receive(data);
    };
    this.#inboxes.set(inbox.name, inbox);
  }

  /** A new line replaces the old one: the tab's other worker has been started anew. */
  connect(line: MessagePort): void {
    this.#line?.close();
    this.#line = line;
    line.onmessage = ({ data }: MessageEvent<Uint8Array>) => this.#receive(data);
  }

  send({ everyone, tab, role, bytes }: Send): void {
    if (everyone) {
      const copy = bytes.slice();
      this.#everyone.postMessage({ from: this.#tab, bytes: copy } satisfies Broadcast);
      this.#line?.postMessage(copy, [copy.buffer]);
    } else if (tab === this.#tab && role !== this.#role) {
      const copy = bytes.slice();
      this.#line?.postMessage(copy, [copy.buffer]);
    } else {
      this.#inbox(channelNames.inbox(this.#key, tab, role)).postMessage(bytes.slice());
    }
  }

  #inbox(name: string): BroadcastChannel {
    const channel = this.#inboxes.get(name) ?? new BroadcastChannel(name);
    this.#inboxes.delete(name);
    this.#inboxes.set(name, channel);
    if (this.#inboxes.size > kInboxesMax) this.#forgetOldest();
    return channel;
  }

  #forgetOldest(): void {
    const own = channelNames.inbox(this.#key, this.#tab, this.#role);
    const oldest = [...this.#inboxes.keys()].find((name) => name !== own);
    if (oldest === undefined) return;
    this.#inboxes.get(oldest)?.close();
    this.#inboxes.delete(oldest);
  }
}
