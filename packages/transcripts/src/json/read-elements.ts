import type { SessionDocument } from '@tracepost/contracts';
import type { ReadingContext, WholeReader } from '../format-reader.ts';
import { ELEMENT_BYTES, type ElementEvents, ElementParser } from './element-parser.ts';
import type { Step } from './selectors.ts';
import { StringClipper, TEXT_BYTES } from './string-clipper.ts';

/** What a format does with the values that it asked for. */
export interface ElementTaker {
  /** What it throws is the reason for which the value is left out. */
  value(way: readonly Step[], value: unknown): void;
  /** A list or an object around wanted values is complete. */
  closed?(way: readonly Step[]): void;
  /** Sessions to which nothing more can come, each once. */
  take?(): SessionDocument[];
  /** The file ended, or broke off. */
  finish(): SessionDocument[];
}

/** What is kept in memory at most, in bytes of JSON: of one text, of one wanted value. */
export interface Limits {
  readonly textBytes: number;
  readonly elementBytes: number;
}

/**
 * Reads a file that is one JSON value, of any size, in the memory of one element. `ways` name the values that the format wants
 * (`messages.*`, `info`). A file that breaks off or is damaged gives what stood before.
 */
export function readElements(
  context: ReadingContext,
  ways: readonly string[],
  taker: ElementTaker,
  limits: Limits = { textBytes: TEXT_BYTES, elementBytes: ELEMENT_BYTES },
): WholeReader {
  // Bytes that are no UTF-8 become the sign for that: one damaged character is no reason to lose the rest.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let complete = 0;
  let isDamaged = false;
  const events: ElementEvents = {
    value: (way, value) => {
      noteComplete(way);
      attempt(way, () => taker.value(way, value));
    },
    tooLarge: (way) => {
      noteComplete(way);
      context.skip(entryOf(way), `${way.join('.')} is too large to be read`);
    },
    closed: (way) => {
      noteComplete(way);
      attempt(way, () => taker.closed?.(way));
    },
  };
  const parser = new ElementParser(ways, events, limits.elementBytes);
  const clipper = new StringClipper(
    { pass: (bytes) => parser.write(bytes), clipped: () => parser.clipped() },
    limits.textBytes,
  );

  return {
    chunk(bytes) {
      if (!isDamaged) feed(() => clipper.write(Buffer.from(decoder.decode(bytes, { stream: true }))));
    },
    take: () => taker.take?.() ?? [],
    finish() {
      if (!isDamaged) feed(() => clipper.write(Buffer.from(decoder.decode())));
      if (!isDamaged && !parser.isComplete)
        context.skip(complete + 1, 'the file ends too early: what stood before was read');
      return taker.finish();
    },
  };

  function feed(write: () => void): void {
    try {
      write();
    } catch (error) {
      isDamaged = true;
      context.skip(complete + 1, `the JSON is damaged here, and what follows was not read: ${messageOf(error)}`);
    }
  }

  function noteComplete(way: readonly Step[]): void {
    const isEntry =
      typeof way.at(-1) === 'number' && way.findIndex((step) => typeof step === 'number') === way.length - 1;
    if (isEntry) complete = entryOf(way);
  }

  function attempt(way: readonly Step[], take: () => void): void {
    context.begin(entryOf(way));
    try {
      take();
    } catch (error) {
      context.skip(entryOf(way), messageOf(error));
    }
  }
}

/** From 1, in the outermost list; what lies in none belongs to the file as a whole. */
function entryOf(way: readonly Step[]): number {
  const place = way.find((step) => typeof step === 'number');
  return typeof place === 'number' ? place + 1 : 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
