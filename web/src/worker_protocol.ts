// What the page and its workers say to each other: closed unions, posted as they are.

import type { Id } from "./bytes.js";
import type { LeaderRole } from "./boundary_worker.js";
import type { TablogErrorCode } from "./errors.js";
import type { Role } from "./names.js";

/** The first message to a worker. */
export interface StartMessage {
  readonly kind: "start";
  readonly role: Role;
  readonly module: WebAssembly.Module;
  readonly name: string;
  /** The encoded name of the store (names.ts). */
  readonly key: string;
  readonly tab: Id;
  /** The lock to hold as long as the worker lives. */
  readonly lifeLock: string;
  readonly memory: boolean;
  readonly schemaVersion: number;
  /** How many snapshots of the state a leader keeps. */
  readonly snapshots: number;
  /** A direct line to the tab's other worker. */
  readonly line: MessagePort;
  /** The replica's first input; the leader worker makes its own. */
  readonly configuration: ArrayBuffer;
}

/** The first message to a worker that holds an earlier state. */
export interface StartPast {
  readonly kind: "startPast";
  readonly lifeLock: string;
  readonly module: WebAssembly.Module;
}

/** The only message to a worker that makes a store's files from a file. */
export interface StartImport {
  readonly kind: "startImport";
  readonly lifeLock: string;
  readonly module: WebAssembly.Module;
  readonly what: "log" | "database";
  readonly blob: Blob;
  readonly name: string;
  readonly key: string;
  /** As `configure` has it. */
  readonly schema: ArrayBuffer;
}

export type ToWorker =
  | StartPast
  | StartMessage
  /** A new line: the tab's other worker was started anew. Never before the hello. */
  | { readonly kind: "line"; readonly line: MessagePort }
  /** An input of the replica, from the page; also to the leader worker, which takes the appends in it. */
  | { readonly kind: "input"; readonly input: Uint8Array }
  /** To the leader worker: the leader does not answer. */
  | { readonly kind: "suspect" }
  /** To the leader worker, once its tab has opened and another leads. */
  | { readonly kind: "rehearse" }
  | { readonly kind: "ping"; readonly count: number };

export type FromWorker =
  /** The life lock is held and the module stands. */
  | { readonly kind: "hello" }
  /** A sequence of `u32 length, length bytes`: outputs that concern the page. */
  | { readonly kind: "outputs"; readonly sequence: ArrayBuffer }
  | { readonly kind: "role"; readonly role: LeaderRole; readonly term: number }
  /** `error` of docs/boundary.md. */
  | { readonly kind: "leaderFailed"; readonly error: ArrayBuffer }
  | { readonly kind: "pong"; readonly count: number }
  | { readonly kind: "importProgress"; readonly done: number; readonly total: number }
  | { readonly kind: "imported"; readonly generation: number }
  | {
      readonly kind: "importFailed";
      readonly code: TablogErrorCode;
      readonly message: string;
      readonly index: number | undefined;
      readonly offset: number | undefined;
    }
  /** The worker cannot go on; it is to be ended. */
  | { readonly kind: "fatal"; readonly message: string };
