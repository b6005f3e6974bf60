// Calls to a worker, as an app would make them: a message there, a message back.

export class Remote {
  #worker;
  #calls = new Map();
  #last = 0;

  /** @param {string} url Of a module worker that uses `answer`. */
  constructor(url) {
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    this.#worker.onerror = ({ message }) => {
      for (const { reject } of this.#calls.values()) reject(new Error(message));
    };
  }

  end() {
    this.#worker.terminate();
  }

  /** @param {string} operation @param {unknown} [argument] @param {Transferable[]} [transfer] */
  call(operation, argument, transfer = []) {
    this.#last += 1;
    this.#worker.postMessage({ id: this.#last, operation, argument }, transfer);
    return new Promise((resolve, reject) => this.#calls.set(this.#last, { resolve, reject }));
  }
}

/**
 * The worker's side.
 * @param {Record<string, (argument: any) => unknown>} operations
 */
export function answer(operations) {
  self.onmessage = async ({ data: { id, operation, argument } }) => {
    try {
      self.postMessage({ id, result: await operations[operation](argument) });
    } catch (error) {
      self.postMessage({ id, error: String(error) });
    }
  };
}
