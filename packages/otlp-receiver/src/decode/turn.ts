/** Work on a long request between two pauses, in which others get their turn: so many records or bytes. */
const RECORDS_PER_TURN = 1_000;
const BYTES_PER_TURN = 524_288;

export class Turn {
  #records = 0;
  #from = 0;

  /** To be asked after every record; `position` in bytes, for formats that know it. */
  isOver(position = 0): boolean {
    this.#records += 1;
    if (this.#records < RECORDS_PER_TURN && position - this.#from < BYTES_PER_TURN) return false;
    this.#records = 0;
    this.#from = position;
    return true;
  }
}
