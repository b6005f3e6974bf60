// What a page of the soak has in its global scope.
declare global {
  var soak: Record<string, (...parameters: unknown[]) => unknown>;
  /** Of soak_tab.mjs: what the tab's appends have become. */
  var tellAcknowledged: (writer: string, places: [number, number][]) => Promise<void>;
}

export {};
