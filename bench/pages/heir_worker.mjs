// Inherits a lock and an exclusive file handle, and keeps both until its tab ends.
import { answer } from "./rpc.mjs";
import { wallClock } from "./workload.mjs";

answer({
  inherit: (name) =>
    new Promise((inherited, failed) => {
      void navigator.locks.request(name, async () => {
        await openFile(name).then(() => inherited(wallClock()), failed);
        return new Promise(() => {});
      });
    }),
});

// Handles lag behind the lock: try until the dead holder's is gone.
async function openFile(name) {
  const directory = await navigator.storage.getDirectory();
  const file = await directory.getFileHandle(name, { create: true });
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (error.name !== "NoModificationAllowedError" || performance.now() > end) throw error;
    }
  }
}
