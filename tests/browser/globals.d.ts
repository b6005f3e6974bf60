// What lab.js puts into each tab.
import type * as Tablog from "../../web/src/index.js";

export interface Attempt<T> {
  value?: T;
  code?: Tablog.TablogErrorCode;
  message?: string;
  outcome?: Tablog.Outcome;
  index?: number;
}

declare global {
  var tablog: Pick<
    typeof Tablog,
    "TablogError" | "anySchema" | "defineSchema" | "deleteStore" | "listStores" | "openStore"
  >;
  var store: Tablog.Store;
  var writer: { stop(): Promise<void> };
  var frozen: number;
  var workers: { readonly name: string | undefined; readonly worker: Worker }[];
  var lab: {
    schema: Tablog.Schema;
    open(
      options: Partial<Tablog.StoreOptions<Tablog.Schema>> & {
        name: string;
        newer?: boolean;
        build?: "older";
      },
    ): Promise<Tablog.StoreStatus>;
    attempt<T>(call: () => Promise<T> | T): Promise<Attempt<T>>;
    firstIndex(): Promise<number>;
    write(tab: string, inFlight: number): void;
  };
}
