import { basename, dirname } from 'node:path';
import { type FileState, openTranscriptFile } from './transcript-file.ts';

/** One event of a session that is a folder of them, as a line. */
export interface EventFile extends FileState {
  readonly path: string;
  readonly sha256: string;
  readonly line: Buffer;
}

/** A larger one is sent by itself. */
const MOST_EVENT_BYTES = 1024 * 1024;
/** So many events are sent as one transcript: each by itself would be united with all that came before it. */
const MOST_EVENTS = 1_000;
const MOST_BYTES = 8 * 1024 * 1024;
/** Names that are held to be put in order. */
const MOST_NAMES = 20_000;

/** Files one after another, those in a folder of events together. */
export async function* byEventFolder(paths: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let together: string[] = [];
  for await (const path of paths) {
    const first = together[0];
    const isNext = first !== undefined && dirname(first) === dirname(path) && together.length < MOST_NAMES;
    if (first !== undefined && !isNext) {
      yield together.sort();
      together = [];
    }
    if (isEventFile(path)) together.push(path);
    else yield [path];
  }
  if (together.length > 0) yield together.sort();
}

function isEventFile(path: string): boolean {
  return /^events?$/.test(basename(dirname(path))) && path.endsWith('.json');
}

/** Null: it is no event, or too large to be put together with others, or cannot be read. */
export async function readEvent(path: string): Promise<EventFile | null> {
  const opened = await openTranscriptFile(path);
  if ('reason' in opened) return null;
  await using file = opened;
  const { size, mtimeNs } = file;
  if (size === 0 || size > MOST_EVENT_BYTES || file.isGzip || file.isBinary) return null;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of file.content()) chunks.push(chunk);
    const event: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const sha256 = file.sha256();
    if (!isEvent(event) || sha256 === null) return null;
    return { path, size, mtimeNs, sha256, line: Buffer.from(`${JSON.stringify(event)}\n`) };
  } catch {
    // Whoever reads it by itself says what is wrong with it.
    return null;
  }
}

function isEvent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('timestamp' in value)) return false;
  return ['kind', 'action', 'observation'].some((name) => name in value);
}

/** Takes events and gives them back as many as are sent together. */
export class EventBundle {
  #events: EventFile[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#events.length >= MOST_EVENTS || this.#bytes >= MOST_BYTES;
  }

  add(event: EventFile): void {
    this.#events.push(event);
    this.#bytes += event.line.length;
  }

  take(): readonly EventFile[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }
}
