import type { SessionDocument, TranscriptFormat } from '@tracepost/contracts';
import type { TextBudget } from './building/text-budget.ts';

/** The beginning of a file: what a format is recognised by. */
export interface Head {
  /** As the caller gave it, without folders; null: there is none. A hint only: files are renamed. */
  readonly fileName: string | null;
  /** The first 64 KiB as text; the last character may be cut. */
  readonly text: string;
  /** The first complete line (or the whole of a short file), parsed; undefined where it is no JSON. */
  readonly firstLine: unknown;
  /** All lines of the head that are JSON objects, in order: the first is not always the telling one. */
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

/** Counts the entry that is read now, of which a part cannot be read and all else is taken; once, however many parts there are. */
export type LeaveOut = (reason: string) => void;

/** What a reader is given when it begins a file. */
export interface ReadingContext {
  readonly fileName: string | null;
  /** The same with its folders: where a session is a folder of files, only these say which one it is. */
  readonly filePath: string | null;
  /** Cuts texts to what is kept of them, and keeps nothing more once the file has had its share of memory. */
  readonly texts: TextBudget;
  /** Only what calls took is asked for: what is said in messages and tools need not be taken. */
  readonly isForUsage: boolean;
  /** For a session's draft: how many of its messages, calls and tool calls each are not packed; undefined: as many as people's sessions have. */
  readonly unpackedEntries?: number | undefined;
  /** Counts an entry that could not be read at all. `entry` is the line from 1, or the number of the entry in a file without lines. */
  skip(entry: number, reason: string): void;
  /** From now on this entry is read, or what `within` says of it; whoever hands entries to a reader calls it. */
  begin(entry: number, within?: string): void;
  readonly leaveOut: LeaveOut;
}

/** Reads one file that is made of lines. */
export interface LinesReader {
  /** Why the line is left out; undefined: it was taken. What it throws counts as a reason too. */
  line(value: unknown, number: number): string | undefined;
  /** In the order in which the sessions began. */
  finish(): SessionDocument[];
}

/** Reads one file that is one JSON value. */
export interface WholeReader {
  /** UTF-8 without byte-order mark, cut anywhere. Throws `SyntaxError` when what came so far cannot be JSON. */
  chunk(bytes: Uint8Array): void;
  /** Sessions to which nothing more can come, each once; `finish` gives the others. */
  take?(): SessionDocument[];
  /** What could be read; a file that ends too early has been told by `skip`. In the order in which the sessions began. */
  finish(): SessionDocument[];
}

export type Format = LinesFormat | WholeFormat;

export interface LinesFormat {
  readonly format: TranscriptFormat;
  readonly kind: 'lines';
  /** Where only what calls took is asked for, lines in which none of these stands need not be read. */
  readonly usageMarks?: readonly string[];
  recognise(head: Head): boolean;
  open(context: ReadingContext): LinesReader;
}

export interface WholeFormat {
  readonly format: TranscriptFormat;
  readonly kind: 'whole';
  recognise(head: Head): boolean;
  open(context: ReadingContext): WholeReader;
}
