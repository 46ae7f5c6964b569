const WINDOW_SECONDS = 60;

/** How many a second over the last minute: a count for each of its seconds. */
export class Rate {
  readonly #clock: () => number;
  readonly #counts = new Uint32Array(WINDOW_SECONDS);
  /** The second that is counted now. */
  #second: number;

  /** `clock` gives milliseconds and never goes back. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#second = this.#now();
  }

  add(count = 1): void {
    this.#forgetOld();
    const place = this.#second % WINDOW_SECONDS;
    this.#counts[place] = (this.#counts[place] ?? 0) + count;
  }

  get perSecond(): number {
    this.#forgetOld();
    let sum = 0;
    for (const count of this.#counts) sum += count;
    return sum / WINDOW_SECONDS;
  }

  #forgetOld(): void {
    const now = this.#now();
    if (now - this.#second >= WINDOW_SECONDS) this.#counts.fill(0);
    else for (let second = this.#second + 1; second <= now; second += 1) this.#counts[second % WINDOW_SECONDS] = 0;
    this.#second = now;
  }

  #now(): number {
    return Math.floor(this.#clock() / 1_000);
  }
}
