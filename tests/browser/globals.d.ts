// What lab.js puts into each tab.
import type * as Tablog from "../../web/src/index.js";

interface Attempt<T> {
  value?: T;
  code?: Tablog.TablogErrorCode;
  message?: string;
  outcome?: Tablog.Outcome;
  index?: number;
}

interface WriterReport {
  issued: number;
  acknowledged: string[];
  refused: ({ id: string } & Attempt<never>)[];
}

declare global {
  var tablog: Pick<typeof Tablog, "TablogError" | "defineSchema" | "openStore">;
  var store: Tablog.Store;
  var writer: Omit<WriterReport, "refused"> & { stop(): Promise<WriterReport> };
  var frozen: number;
  var workers: { readonly name: string | undefined; readonly worker: Worker }[];
  var lab: {
    schema: Tablog.Schema;
    open(
      options: Partial<Tablog.StoreOptions<Tablog.Schema>> & { name: string },
    ): Promise<Tablog.StoreStatus>;
    attempt<T>(call: () => Promise<T> | T): Promise<Attempt<T>>;
    write(tab: string, inFlight: number): void;
  };
}
