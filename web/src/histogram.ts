/** Latencies in ms; the percentiles are upper bounds of their bucket, about 19% apart. */
export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const kBuckets = 96;
const kFirstMs = 0.01;

export class Histogram {
  readonly #counts = new Uint32Array(kBuckets);
  #count = 0;
  #max = 0;

  add(ms: number): void {
    const bucket = Math.ceil(4 * Math.log2(Math.max(ms, kFirstMs) / kFirstMs));
    const at = Math.min(bucket, kBuckets - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count += 1;
    this.#max = Math.max(this.#max, ms);
  }

  summary(): LatencySummary {
    const [p50, p90, p99] = [this.#below(0.5), this.#below(0.9), this.#below(0.99)];
    return { count: this.#count, p50, p90, p99, max: this.#max };
  }

  #below(share: number): number {
    let left = share * this.#count;
    const at = this.#counts.findIndex((count) => (left -= count) <= 0);
    return Math.min(kFirstMs * 2 ** (Math.max(at, 0) / 4), this.#max);
  }
}
