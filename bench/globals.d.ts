// What bench_tab.mjs keeps in each tab, and the part of a worker's scope that the DOM's types leave out.
declare global {
  /** The operations of the contender that the tab has opened. */
  var workers: { name: string | undefined; worker: Worker }[];
  var contender: Record<string, (...parameters: unknown[]) => unknown>;
  var onconnect: ((event: MessageEvent) => void) | null;

  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<{
      write(bytes: Uint8Array, options: { at: number }): number;
      flush(): void;
    }>;
  }
}

export {};
