/** One budget for the bytes that all requests under way hold together: many small bombs weigh what one large one does. */
export class ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  open(): ByteShare {
    let held = 0;
    return {
      take: (bytes) => {
        if (bytes > this.#left) return false;
        this.#left -= bytes;
        held += bytes;
        return true;
      },
      release: () => {
        this.#left += held;
        held = 0;
      },
    };
  }
}

/** What one request holds of the budget. */
export interface ByteShare {
  /** False when there is not so much left. */
  take(bytes: number): boolean;
  /** Gives all of it back; safe to call twice. */
  release(): void;
}
