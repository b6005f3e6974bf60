// Ledger: what the tabs were told of their appends, to be held against the log at the end.

export class Ledger {
  /** @type {Map<number, string>} By index: which append was acknowledged there. */
  #acknowledged = new Map();
  #writers = 0;
  /** @type {string[]} */
  complaints = [];

  get acknowledged() {
    return this.#acknowledged.size;
  }

  newWriter() {
    this.#writers += 1;
    return `w${this.#writers}`;
  }

  complain(text) {
    this.complaints.push(text);
  }

  /** @param {string} writer @param {[number, number][]} places Index and number of each append. */
  acknowledge(writer, places) {
    for (const [index, number] of places) {
      const append = `${writer}:${number}`;
      const before = this.#acknowledged.get(index);
      if (before !== undefined) this.complain(`entry ${index} is both ${before} and ${append}`);
      this.#acknowledged.set(index, append);
    }
  }

  /**
   * Whether the log has each acknowledged append at its index, and no append twice.
   * @param {AsyncIterable<[number, string, number]>} log Index, writer and number of every event.
   * @returns {Promise<{ events: number, problems: string[] }>}
   */
  async compare(log) {
    const problems = [...this.complaints];
    const missing = new Map(this.#acknowledged);
    const seen = new Set();
    for await (const [index, writer, number] of log) {
      const append = `${writer}:${number}`;
      if (seen.has(append)) problems.push(`append ${append} is in the log twice, also at ${index}`);
      seen.add(append);
      const told = missing.get(index);
      if (told !== undefined && told !== append)
        problems.push(`entry ${index} is ${append}, but ${told} was acknowledged there`);
      missing.delete(index);
    }
    for (const [index, append] of missing)
      problems.push(`append ${append}, acknowledged as entry ${index}, is not in the log`);
    return { events: seen.size, problems };
  }
}
