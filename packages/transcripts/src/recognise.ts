import { type Fields, isFields } from './building/values.ts';
import type { Format, Head } from './format-reader.ts';

const HEAD_BYTES = 64 * 1024;
/** Some formats begin with a line of instructions that is far longer than the head. */
const LONGEST_HEAD_BYTES = 4 * 1024 * 1024;
/** Looked at first, and if these tell nothing, in the longer head. */
const FIRST_ENTRIES = 20;
const MOST_ENTRIES = 1000;
const LINE_FEED = 10;

export interface Beginning {
  readonly format: Format | undefined;
  readonly head: Head;
  /** The objects among the lines of the head, by the numbers of their lines from 1: they need not be parsed again. */
  readonly parsed: ReadonlyMap<number, Fields>;
  /** What was read of the file so far and has to be read again by the format. */
  readonly bytes: Uint8Array;
  /** Length of a first line that was let go because it went on for ever; 0: there was none. */
  readonly droppedLineBytes: number;
}

/** Reads as little of the file as shows what it is. */
export async function recognise(
  chunks: AsyncIterator<Uint8Array>,
  formats: readonly Format[],
  fileName: string | null,
): Promise<Beginning> {
  let held: Uint8Array = new Uint8Array(0);
  let droppedLineBytes = 0;
  for (let wanted = HEAD_BYTES; ; wanted = LONGEST_HEAD_BYTES) {
    const read = await readUpTo(chunks, held, wanted);
    held = read.bytes;
    const { head, parsed } = headOf(held, {
      isAll: read.isAll,
      fileName,
      entries: wanted === HEAD_BYTES ? FIRST_ENTRIES : MOST_ENTRIES,
    });
    const format = formats.find((one) => (droppedLineBytes === 0 || one.kind === 'lines') && one.recognise(head));
    const isEndless = held.indexOf(LINE_FEED) < 0;
    const hasMore = wanted === HEAD_BYTES || (!read.isAll && isEndless && droppedLineBytes === 0);
    if (format || !hasMore) return { format, head, parsed, bytes: held, droppedLineBytes };
    if (wanted === LONGEST_HEAD_BYTES) {
      const rest = await dropLine(chunks, held.length);
      [held, droppedLineBytes] = [rest.bytes, rest.dropped];
    }
  }
}

async function readUpTo(
  chunks: AsyncIterator<Uint8Array>,
  held: Uint8Array,
  wanted: number,
): Promise<{ readonly bytes: Uint8Array; readonly isAll: boolean }> {
  const parts = [held];
  let length = held.length;
  while (length < wanted) {
    const { value, done } = await chunks.next();
    if (done) return { bytes: Buffer.concat(parts), isAll: true };
    // A copy: the giver may write over its buffer once the next chunk is asked for.
    parts.push(new Uint8Array(value));
    length += value.length;
  }
  return { bytes: Buffer.concat(parts), isAll: false };
}

async function dropLine(
  chunks: AsyncIterator<Uint8Array>,
  already: number,
): Promise<{ readonly bytes: Uint8Array; readonly dropped: number }> {
  let dropped = already;
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) return { bytes: new Uint8Array(0), dropped };
    const end = value.indexOf(LINE_FEED);
    dropped += end < 0 ? value.length : end;
    if (end >= 0) return { bytes: new Uint8Array(value.subarray(end + 1)), dropped };
  }
}

interface HeadOptions {
  readonly isAll: boolean;
  readonly fileName: string | null;
  readonly entries: number;
}

function headOf(bytes: Uint8Array, { isAll, fileName, entries }: HeadOptions): Pick<Beginning, 'head' | 'parsed'> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const lines = text.split('\n', entries + 1);
  // The last is cut off, but where the file ends with it.
  const complete = lines.length > entries || isAll ? lines : lines.slice(0, -1);
  const parsed = new Map<number, Fields>();
  let first: { readonly value: unknown } | null = null;
  for (const [index, line] of complete.entries()) {
    if (line.trim() === '') continue;
    const value = valueIn(line);
    first ??= { value };
    // Of what is cut off nothing is an object.
    if (isFields(value)) parsed.set(index + 1, value);
  }
  const head = { fileName, text: text.slice(0, HEAD_BYTES), firstLine: first?.value, entries: [...parsed.values()] };
  return { head, parsed };
}

function valueIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
