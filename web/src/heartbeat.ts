// Heartbeat: a page answers for its leader worker's life. One that leads and does not answer for a
// while is looping or stuck in a call, and all tabs wait for it.

const kTickMs = 1000;
const kPatienceMs = 10_000;

export class Heartbeat {
  readonly #ping: (count: number) => void;
  readonly #silent: (ms: number) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sent = 0;
  #sentAt = 0;
  #ticksSince = 0;
  #answered = 0;

  constructor(ping: (count: number) => void, silent: (ms: number) => void) {
    this.#ping = ping;
    this.#silent = silent;
  }

  start(): void {
    this.#answered = this.#sent;
    this.#timer ??= setInterval(() => this.#tick(), kTickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  answered(count: number): void {
    this.#answered = count;
  }

  // A page that was itself busy sees its timer before the answer that waits behind it: hence two ticks
  // since the ping, whatever the clock says.
  #tick(): void {
    const silentMs = performance.now() - this.#sentAt;
    if (this.#answered === this.#sent) {
      this.#sentAt = performance.now();
      this.#ticksSince = 0;
      this.#ping(++this.#sent);
    } else if (++this.#ticksSince >= 2 && silentMs > kPatienceMs) {
      this.stop();
      this.#silent(silentMs);
    }
  }
}
