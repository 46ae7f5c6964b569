import type { SessionDocument, SkippedLine, TranscriptFormat } from '@tracepost/contracts';
import { TextBudget } from './building/text-budget.ts';
import { UnknownFormatError } from './errors.ts';
import type { LinesFormat, ReadingContext, WholeFormat } from './format-reader.ts';
import { FORMATS } from './formats.ts';
import { isDeeper } from './lines/json-depth.ts';
import { LineSplitter } from './lines/line-splitter.ts';
import { withoutPythonNumbers } from './lines/python-numbers.ts';
import { utf8Chunks } from './lines/utf8-chunks.ts';
import { type Beginning, recognise } from './recognise.ts';

export interface ReadOptions {
  /** Recognised from the first entries when it is `auto` or not given. */
  readonly format?: TranscriptFormat | 'auto';
  /** A hint for the format and for the id of a session that does not name itself; never opened. */
  readonly fileName?: string;
  readonly signal?: AbortSignal;
  /** Called with the bytes read so far. */
  readonly onProgress?: (bytes: number) => void;
  /** A longer line is left out, counted and named, and never held in memory. Default 32 MiB. */
  readonly longestLineBytes?: number;
  /** How much text of all messages and tool calls is kept; numbers are always kept. Default 32 Mi. */
  readonly textCharacters?: number;
  /**
   * How many messages, calls of models and calls of tools each are held as they are. Of a session that has more (in a format of lines), the earlier ones lie
   * packed, and its lists unpack each entry when it is looked at. Default 10,000.
   */
  readonly unpackedEntries?: number;
  /**
   * `usage`: only what the calls took is asked for. Then a format may leave out everything else: texts, tools, calls that took nothing, and lines
   * that cannot be read and hold no usage. Default `everything`.
   */
  readonly wanted?: 'everything' | 'usage';
  /**
   * Given each session as soon as it is complete; `documents` is empty then, and the next bytes are read when this has resolved. So a file of
   * very many sessions is read in the memory of a few, where its format tells where a session ends.
   */
  readonly onDocument?: (document: SessionDocument) => void | Promise<void>;
}

export interface Reading {
  readonly format: TranscriptFormat;
  readonly documents: readonly SessionDocument[];
  /** The first thousand; `skippedCount` counts all. */
  readonly skipped: readonly SkippedLine[];
  readonly skippedCount: number;
  readonly lines: number;
  readonly bytes: number;
  /** 1 when the last line had no end and was no JSON yet: it is still being written, and a longer version of the file will have it. */
  readonly partial: 0 | 1;
}

const LONGEST_LINE_BYTES = 32 * 1024 * 1024;
const TEXT_CHARACTERS = 32 * 1024 * 1024;
const NAMED_SKIPS = 1000;
/** Deeper JSON is an attack, and long JSON only is looked at: a short one has no room to do harm. */
const DEEPEST = 1000;
const LONG_CHARACTERS = 64 * 1024;

/**
 * Reads a transcript of any size in one pass. Rejects with `UnknownFormatError` when nothing in it is known,
 * with the reason of `signal` when that is aborted, and with what `source` throws.
 */
export async function readTranscript(source: AsyncIterable<Uint8Array>, options: ReadOptions = {}): Promise<Reading> {
  const counted = { bytes: 0 };
  const chunks = utf8Chunks(watched(source, options, counted));
  try {
    return await read(chunks, options, counted);
  } finally {
    await chunks.return(undefined);
  }
}

async function read(
  chunks: AsyncGenerator<Uint8Array>,
  options: ReadOptions,
  counted: { readonly bytes: number },
): Promise<Reading> {
  const fileName = baseName(options.fileName);
  const named = options.format && options.format !== 'auto' ? options.format : null;
  const formats = named ? FORMATS.filter(({ format }) => format === named) : FORMATS;
  const beginning = await recognise(chunks, formats, fileName);
  const format = beginning.format ?? (named ? formats[0] : undefined);
  if (!format || beginning.head.text.trim() === '') {
    throw UnknownFormatError.of(
      beginning.head.text,
      Array.from(FORMATS, (one) => one.format),
    );
  }

  const skips = new Skips();
  const context: ReadingContext = {
    fileName,
    filePath: options.fileName ?? null,
    texts: new TextBudget(options.textCharacters ?? TEXT_CHARACTERS),
    isForUsage: options.wanted === 'usage',
    unpackedEntries: options.unpackedEntries,
    skip: (entry, reason) => skips.add(entry, reason),
    begin: (entry, within) => skips.begin(entry, within),
    leaveOut: (reason) => skips.leaveOut(reason),
  };
  const longestLineBytes = options.longestLineBytes ?? LONGEST_LINE_BYTES;
  const handOver = new HandOver(options.onDocument, context.texts);
  const rest = { beginning, chunks, context, longestLineBytes, handOver };
  const result = format.kind === 'lines' ? await readLines(format, rest) : await readWhole(format, rest);
  if (handOver.count === 0 && !beginning.format) throw UnknownFormatError.not(format.format);
  return { format: format.format, ...result, skipped: skips.named, skippedCount: skips.count, bytes: counted.bytes };
}

interface Rest {
  readonly beginning: Beginning;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly context: ReadingContext;
  readonly longestLineBytes: number;
  readonly handOver: HandOver;
}

type Result = Pick<Reading, 'documents' | 'lines' | 'partial'>;

async function readLines(format: LinesFormat, rest: Rest): Promise<Result> {
  const { beginning, chunks, context, longestLineBytes, handOver } = rest;
  const reader = format.open(context);
  const tooLong = (number: number, bytes: number): void =>
    context.skip(number, `has ${bytes} bytes; a line of more than ${longestLineBytes} is not read`);
  const before = beginning.droppedLineBytes > 0 ? 1 : 0;
  if (before > 0) tooLong(1, beginning.droppedLineBytes);

  const take = (value: unknown, number: number): void => {
    context.begin(number);
    const reason = reasonOf(() => reader.line(value, number));
    if (reason !== undefined) context.skip(number, reason);
  };
  const taker = {
    line: (text: string, index: number, byteLength: number): void => {
      // What the format was recognised by has been parsed.
      const known = text.length <= LONG_CHARACTERS ? beginning.parsed.get(index) : undefined;
      const json = known ? { value: known } : parseLine(text);
      if ('value' in json) take(json.value, before + index);
      else context.skip(before + index, `${json.reason} (${byteLength} bytes)`);
    },
    tooLong: (index: number, byteLength: number): void => tooLong(before + index, byteLength),
  };
  const splitter = new LineSplitter(longestLineBytes, taker, context.isForUsage ? format.usageMarks : []);
  splitter.chunk(beginning.bytes);
  for await (const chunk of chunks) splitter.chunk(chunk);

  const last = splitter.rest();
  const json = last && last.text.trim() !== '' ? parseLine(last.text) : null;
  if (last && json && 'value' in json) take(json.value, before + last.number);
  const partial = json && !('value' in json) ? 1 : 0;
  await handOver.give(reader.finish());
  return { documents: handOver.kept, lines: before + splitter.lines, partial };
}

async function readWhole(format: WholeFormat, { beginning, chunks, context, handOver }: Rest): Promise<Result> {
  const reader = format.open(context);
  const broken = await firstBroken(reader, beginning.bytes, chunks, () => handOver.give(reader.take?.() ?? []));
  if (broken !== undefined) context.skip(0, broken);
  await handOver.give(reader.finish());
  return { documents: handOver.kept, lines: 0, partial: 0 };
}

/** Why the file cannot be read further; undefined: it was read to its end. */
async function firstBroken(
  reader: ReturnType<WholeFormat['open']>,
  first: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
  afterEach: () => Promise<void>,
): Promise<string | undefined> {
  const chunk = (bytes: Uint8Array): string | undefined => reasonOf(() => void reader.chunk(bytes));
  let broken = chunk(first);
  await afterEach();
  if (broken !== undefined) return broken;
  for await (const bytes of chunks) {
    broken = chunk(bytes);
    await afterEach();
    if (broken !== undefined) return broken;
  }
  return undefined;
}

/** Keeps the sessions that are complete, or gives them to whoever asked for them one by one. */
class HandOver {
  readonly kept: SessionDocument[] = [];
  count = 0;
  readonly #onDocument: ReadOptions['onDocument'];
  readonly #texts: TextBudget;

  constructor(onDocument: ReadOptions['onDocument'], texts: TextBudget) {
    this.#onDocument = onDocument;
    this.#texts = texts;
  }

  async give(documents: readonly SessionDocument[]): Promise<void> {
    this.count += documents.length;
    if (!this.#onDocument) {
      for (const document of documents) this.kept.push(document);
      return;
    }
    for (const document of documents) await this.#onDocument(document);
    // Their texts are no longer held here.
    if (documents.length > 0) this.#texts.renew();
  }
}

function parseLine(text: string): { readonly value: unknown } | { readonly reason: string } {
  if (text.length > LONG_CHARACTERS && isDeeper(text, DEEPEST)) {
    return { reason: `is nested deeper than ${DEEPEST} levels` };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    const other = withoutPythonNumbers(text);
    if (other !== null) return parseLine(other);
    // What the parser says quotes the line, which may hold a secret.
    return { reason: text.includes('\0') ? 'is no JSON: it has NUL bytes' : 'is no JSON' };
  }
}

function reasonOf(work: () => string | undefined): string | undefined {
  try {
    return work();
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function* watched(
  source: AsyncIterable<Uint8Array>,
  { signal, onProgress }: ReadOptions,
  counted: { bytes: number },
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  for await (const chunk of source) {
    signal?.throwIfAborted();
    counted.bytes += chunk.length;
    yield chunk;
    onProgress?.(counted.bytes);
  }
}

/** The name without folders of whatever system. */
function baseName(fileName: string | undefined): string | null {
  return fileName?.split(/[\\/]/).at(-1) || null;
}

class Skips {
  readonly named: SkippedLine[] = [];
  count = 0;
  #entry = 1;
  #within = '';
  #isCounted = false;

  begin(entry: number, within = ''): void {
    this.#entry = entry;
    this.#within = within;
    this.#isCounted = false;
  }

  leaveOut(reason: string): void {
    if (!this.#isCounted) this.add(this.#entry, this.#within + reason);
    this.#isCounted = true;
  }

  add(line: number, reason: string): void {
    this.count++;
    if (this.named.length < NAMED_SKIPS) this.named.push({ line, reason });
  }
}
