import type { TablogError } from "./errors.js";
import type { ClientEvent, LeaderChange, Repair, StoreStatus } from "./status.js";

/** An event of a store. */
export class StoreEvent<Detail> extends Event {
  readonly detail: Detail;

  constructor(type: string, detail: Detail) {
    super(type);
    this.detail = detail;
  }
}

/** The `error` event: what went wrong outside of any call. */
export class StoreErrorEvent extends StoreEvent<TablogError> {
  /** The same as `detail`. */
  readonly error: TablogError;

  constructor(error: TablogError) {
    super("error", error);
    this.error = error;
  }
}

/** The events of a store, by their names. */
export interface StoreEventMap {
  /** Something in `status` changed; changes of one task are told as one. */
  statuschange: StoreEvent<StoreStatus>;
  /** Another tab leads, a new term began, or no leader is known. */
  leaderchange: StoreEvent<LeaderChange>;
  /** Entries that this tab had seen are not in the log any more; its state was taken anew. */
  rollback: StoreEvent<Repair>;
  /** This tab's state differed from the leader's; it was taken anew. */
  divergence: StoreEvent<Repair>;
  /** The store failed outside of any call. */
  error: StoreErrorEvent;
}

export function eventOf(event: ClientEvent): Event {
  switch (event.kind) {
    case "statuschange":
      return new StoreEvent(event.kind, event.status);
    case "leaderchange":
      return new StoreEvent(event.kind, { leaderId: event.leaderId, term: event.term });
    case "rollback":
    case "divergence":
      return new StoreEvent(event.kind, { index: event.index, detail: event.detail });
    case "error":
      return new StoreErrorEvent(event.error);
  }
}
