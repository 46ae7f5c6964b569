import type { Sqlite } from '@tracepost/sqlite';
import type { IncomingMessage } from '../broker.ts';
import type { Content, Entry } from './entry.ts';
import { fromRow } from './message-codec.ts';

/** How much is read along with what has to be delivered now, so that a long queue is not read back one by one. */
const READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** Keeps contents in memory up to a total; the rest lies in the file until it is delivered. */
export class Contents {
  readonly #database: Sqlite;
  readonly #limitBytes: number;
  #bytes = 0;

  constructor({ database, limitBytes }: { database: Sqlite; limitBytes: number }) {
    this.#database = database;
    this.#limitBytes = limitBytes;
  }

  keep(content: Content, message: IncomingMessage): void {
    if (content.message || content.references === 0 || this.#bytes + content.bytes > this.#limitBytes) return;
    content.message = message;
    this.#bytes += content.bytes;
  }

  /** Gives the memory free when no entry needs the content any more. */
  forgetUnneeded(content: Content): void {
    if (!content.message || content.references > 0) return;
    content.message = null;
    this.#bytes -= content.bytes;
  }

  /**
   * The message of each entry, by the id of its content; missing where the file has lost it. `next` may be read along.
   */
  async load(entries: readonly Entry[], next: () => readonly Entry[]): Promise<ReadonlyMap<Content, IncomingMessage>> {
    const messages = new Map<Content, IncomingMessage>();
    const missing = new Map<number, Content>();
    for (const { content } of entries) {
      if (content.message) messages.set(content, content.message);
      else if (content.id !== null) missing.set(content.id, content);
    }
    if (missing.size > 0) await this.#read(withReadAhead(missing, next()), messages);
    return messages;
  }

  async #read(wanted: ReadonlyMap<number, Content>, messages: Map<Content, IncomingMessage>): Promise<void> {
    const rows = await this.#database.read<ContentRow>(SELECT_CONTENTS, [JSON.stringify([...wanted.keys()])]);
    for (const row of rows) {
      const content = wanted.get(row.id);
      if (!content) continue;
      const message = fromRow(row);
      if (message === null) continue;
      messages.set(content, message);
      this.keep(content, message);
    }
  }
}

interface ContentRow {
  readonly id: number;
  readonly properties: string;
  readonly body: Uint8Array;
}

const SELECT_CONTENTS = 'SELECT id, properties, body FROM content WHERE id IN (SELECT value FROM json_each(?))';

function withReadAhead(missing: ReadonlyMap<number, Content>, next: readonly Entry[]): Map<number, Content> {
  const wanted = new Map(missing);
  let bytes = 0;
  for (const { content } of next) {
    if (content.message || content.id === null || wanted.has(content.id)) continue;
    bytes += content.bytes;
    if (bytes > READ_AHEAD_BYTES) break;
    wanted.set(content.id, content);
  }
  return wanted;
}
