// Samples, and what is said about them.

/** @param {readonly number[]} samples @param {number} share 0 to 1 */
export function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? NaN;
}

/** All samples of a run, by measurement and contender. Rounds add to them. */
export class Figures {
  /** How many entries the log had at each failover. */
  entries;
  /** @type {Map<string, Map<string, number[]>>} */
  #samples = new Map();

  /** @param {number} entries */
  constructor(entries) {
    this.entries = entries;
  }

  /** @param {string} measurement @param {string} contender @param {readonly number[]} samples ms */
  add(measurement, contender, samples) {
    const row = this.#samples.get(measurement) ?? new Map();
    this.#samples.set(measurement, row.set(contender, [...(row.get(contender) ?? []), ...samples]));
  }

  /** @returns {number[]} Empty if it was not measured. */
  of(measurement, contender) {
    return this.#samples.get(measurement)?.get(contender) ?? [];
  }

  median(measurement, contender) {
    return quantile(this.of(measurement, contender), 0.5);
  }

  toJSON() {
    const summary = (samples) => ({
      samples: samples.length,
      medianMs: quantile(samples, 0.5),
      p95Ms: quantile(samples, 0.95),
    });
    return Object.fromEntries(
      [...this.#samples].map(([measurement, row]) => [
        measurement,
        Object.fromEntries([...row].map(([contender, samples]) => [contender, summary(samples)])),
      ]),
    );
  }
}
