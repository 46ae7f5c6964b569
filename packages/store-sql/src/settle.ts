import { StoreUnavailableError } from '@tracepost/stores';

const MAX_ROUNDS = 20;

export interface Settling<Call, Row extends Key, Key extends object, Written extends Key, Known extends Key, Outcome> {
  readonly calls: readonly Call[];
  readonly toRow: (call: Call) => Row;
  /** Of a row as it is written, as the statement gives it back, and as it is read. */
  readonly keyOf: (row: Key) => string;
  /** Writes the rows that may be written and gives those back; one statement. */
  readonly write: (rows: readonly Row[]) => Promise<readonly Written[]>;
  readonly accept: (call: Call, written: Written) => Outcome;
  readonly read: (rows: readonly Row[]) => Promise<readonly Known[]>;
  /** Why a row was left as it is; null when by now it would not be. */
  readonly refuse: (call: Call, known: Known, row: Row) => Promise<Outcome | null> | Outcome | null;
}

/**
 * Writes what the rules in the statement allow, then looks why the rest was left alone. Between the two a row may
 * change or go: then that call is written again.
 */
export async function settle<
  Call,
  Row extends Key,
  Key extends object,
  Written extends Key,
  Known extends Key,
  Outcome,
>(settling: Settling<Call, Row, Key, Written, Known, Outcome>): Promise<readonly Outcome[]> {
  const { calls, toRow, keyOf, write, accept, read, refuse } = settling;
  const outcomes: Outcome[] = [];
  const byKey = (rows: readonly (Written | Known)[]) => new Map(rows.map((row) => [keyOf(row), row]));
  let open = calls.map((call, index) => toOpen(call, index, toRow(call), keyOf));
  // In the order of their keys, so that two batches never wait for each other crosswise.
  open.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (let round = 0; open.length > 0; round++) {
    if (round === MAX_ROUNDS) {
      throw new StoreUnavailableError('sql', `${open.length} rows were changed by others ${MAX_ROUNDS} times over`);
    }
    const written = byKey(await write(open.map(({ row }) => row))) as Map<string, Written>;
    const left = open.filter(({ key, call, index }) => {
      const row = written.get(key);
      if (row) outcomes[index] = accept(call, row);
      return !row;
    });
    if (left.length === 0) break;

    const known = byKey(await read(left.map(({ row }) => row))) as Map<string, Known>;
    open = [];
    for (const one of left) {
      const row = known.get(one.key);
      const outcome = row ? await refuse(one.call, row, one.row) : null;
      if (outcome === null) open.push(one);
      else outcomes[one.index] = outcome;
    }
  }
  return outcomes;
}

function toOpen<Call, Row>(call: Call, index: number, row: Row, keyOf: (row: Row) => string) {
  return { call, index, row, key: keyOf(row) };
}
