import type { TablogError } from "./errors.js";

/** A store as this tab sees it now. */
export interface StoreStatus {
  /** Whether this tab leads. */
  readonly role: "leader" | "replica";
  /** Of the leader that this tab follows; 0 before the first. */
  readonly term: number;
  /** Of the store's files. */
  readonly generation: number;
  /** The client id of the leading tab; null while none is known. */
  readonly leaderId: string | null;
  /** This tab's id, minted per page load. */
  readonly clientId: string;
  /** The last entry of the log that this tab knows of. */
  readonly head: number;
  /** The log is flushed through this entry. */
  readonly durable: number;
  /** This tab's queries see the entries up to here. */
  readonly applied: number;
  /** The state database is flushed through this entry. */
  readonly checkpoint: number;
  /** Appends of this tab that are neither resolved nor rejected. */
  readonly pending: number;
  readonly storage: "opfs" | "memory";
  /** The leader does not answer; appends wait. */
  readonly leaderUnresponsive: boolean;
}

/** Another tab leads, or none does. */
export interface LeaderChange {
  readonly leaderId: string | null;
  readonly term: number;
}

/** Entries that this tab had seen are not in the log, or its state differed from the leader's. */
export interface Repair {
  readonly index: number;
  readonly detail: string;
}

/** What a client tells its stores. */
export type ClientEvent =
  | { readonly kind: "statuschange"; readonly status: StoreStatus }
  | ({ readonly kind: "leaderchange" } & LeaderChange)
  | ({ readonly kind: "rollback" | "divergence" } & Repair)
  | { readonly kind: "error"; readonly error: TablogError };
