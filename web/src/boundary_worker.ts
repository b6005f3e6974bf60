// The workers' half of docs/boundary.md: outputs that they carry out, and inputs that they have.

import { Reader, encode, type Id, type Writer } from "./bytes.js";
import { kSettledByLeader } from "./boundary_page.js";
import type { TablogErrorCode } from "./errors.js";
import { errorCodes } from "./errors.js";
import type { Role } from "./names.js";

/** A message to one worker of a tab, or to everyone; `bytes` borrow from the module's memory. */
export interface Send {
  readonly everyone: boolean;
  readonly tab: Id;
  readonly role: Role;
  readonly bytes: Uint8Array;
}

export function readSend(r: Reader): Send {
  return {
    everyone: r.bool(),
    tab: r.id(),
    role: r.u8() === 0 ? "replica" : "leader",
    bytes: r.bytes(),
  };
}

export interface HandleName {
  readonly name: string;
  readonly handle: number;
}

/** Replica worker: inputs that do not come from the page. */
export const replicaInputs = {
  message: (bytes: Uint8Array) => withBytes(9, bytes),
  tick: () => Uint8Array.of(10),
};

export type LeaderRole = "standby" | "opening" | "leading" | "failed";
const leaderRoles: readonly LeaderRole[] = ["standby", "opening", "leading", "failed"];

export interface LeaderConfiguration {
  readonly client: Id;
  readonly fresh: Id;
  readonly seed: bigint;
  readonly memory: boolean;
  readonly schemaVersion: number;
  readonly keepsSnapshots: boolean;
}

/** The slots of a store's newest generation. */
export interface Opened {
  readonly generation: number;
  readonly log: readonly HandleName[];
  readonly pool: readonly HandleName[];
}

const kNoTab: Id = "0".repeat(32);

export const leaderInputs = {
  configure: ({ client, fresh, seed, ...options }: LeaderConfiguration) =>
    encode((w) => {
      w.u8(0);
      w.id(client);
      w.id(fresh);
      w.i64(seed);
      w.u32(options.schemaVersion);
      w.bool(options.memory);
      w.bool(options.keepsSnapshots);
    }),
  lockGranted: () => Uint8Array.of(1),
  filesOpened: ({ generation, log, pool }: Opened) =>
    encode((w) => {
      w.u8(2);
      w.u32(generation);
      for (const slots of [log, pool]) w.list(slots, (slot) => writeSlot(w, slot));
    }),
  filesFailed: (code: TablogErrorCode, message: string) =>
    encode((w) => {
      w.u8(3);
      w.u8(errorCodes.indexOf(code) + 1);
      w.text(message);
      w.optionU64(undefined);
      w.optionU64(undefined);
    }),
  message: (bytes: Uint8Array) => withBytes(4, bytes),
  batchDue: () => Uint8Array.of(5),
  tick: () => Uint8Array.of(6),
  /** `holder`: the tab whose leader worker holds the leader's lock. */
  locksSeen: (began: number, held: boolean, tabs: readonly Id[], holder: Id | undefined) =>
    encode((w) => {
      w.u8(7);
      w.f64(began);
      w.bool(held);
      w.list(tabs, (tab) => w.id(tab));
      w.id(holder ?? kNoTab);
    }),
  slotAdded: (directory: "log" | "pool", slot: HandleName) =>
    encode((w) => {
      w.u8(8);
      w.u8(directory === "log" ? 0 : 1);
      writeSlot(w, slot);
    }),
  lockLost: () => Uint8Array.of(9),
  suspected: () => Uint8Array.of(10),
  forkLock: (granted: boolean) => Uint8Array.of(11, granted ? 1 : 0),
  work: () => Uint8Array.of(15),
  /** Of those that are kept; 0: none is. */
  newestSnapshot: (index: number) =>
    encode((w) => {
      w.u8(12);
      w.u64(index);
    }),
};

export type LeaderOutput =
  | { readonly kind: "send"; readonly send: Send }
  | { readonly kind: "timer"; readonly delayMs: number }
  | {
      readonly kind: "openFiles";
      readonly log: number;
      readonly pool: number;
      readonly fork: boolean;
      readonly adopt: number;
    }
  | { readonly kind: "wantSlots"; readonly log: number; readonly pool: number }
  | { readonly kind: "queryLocks" | "armBatch" | "armWork" | "closeFiles" | "releaseLock" }
  | { readonly kind: "stealLock" | "askForkLock" | "releaseForkLock" }
  | { readonly kind: "keepSnapshot"; readonly index: number; readonly image: Uint8Array }
  | { readonly kind: "dropSnapshots"; readonly before: number }
  | { readonly kind: "role"; readonly role: LeaderRole; readonly term: number }
  /** `output` goes to the page. */
  | { readonly kind: "settled"; readonly output: Uint8Array }
  | { readonly kind: "failed"; readonly error: Uint8Array };

export function decodeLeaderOutput(bytes: Uint8Array): LeaderOutput {
  const r = new Reader(bytes);
  const kind = r.u8();
  switch (kind) {
    case 0:
      return { kind: "send", send: readSend(r) };
    case 1:
      return { kind: "timer", delayMs: r.f64() };
    case 2:
      return { kind: "queryLocks" };
    case 3:
      return { kind: "armBatch" };
    case 4:
      return { kind: "openFiles", log: r.u32(), pool: r.u32(), fork: r.bool(), adopt: r.u64() };
    case 5:
      return { kind: "wantSlots", log: r.u32(), pool: r.u32() };
    case 6:
      return { kind: "closeFiles" };
    case 7:
      return { kind: "releaseLock" };
    case 8:
      return { kind: "role", role: leaderRoles[r.u8()] ?? "failed", term: r.u64() };
    case 9:
      return { kind: "failed", error: bytes.slice(1) };
    case 10:
      return { kind: "stealLock" };
    case kSettledByLeader:
      return { kind: "settled", output: bytes };
    case 12:
      return { kind: "askForkLock" };
    case 13:
      return { kind: "releaseForkLock" };
    case 14:
      return { kind: "keepSnapshot", index: r.u64(), image: r.bytes() };
    case 15:
      return { kind: "armWork" };
    case 16:
      return { kind: "dropSnapshots", before: r.u64() };
    default:
      throw new RangeError(`unknown output ${kind}`);
  }
}

function withBytes(kind: number, bytes: Uint8Array): Uint8Array {
  const input = new Uint8Array(5 + bytes.byteLength);
  input[0] = kind;
  new DataView(input.buffer).setUint32(1, bytes.byteLength, true);
  input.set(bytes, 5);
  return input;
}

function writeSlot(w: Writer, { name, handle }: HandleName): void {
  w.text(name);
  w.u32(handle);
}
