import type { IncomingMessage } from '../broker.ts';
import type { Hold, Settlement } from './consumer.ts';
import type { Contents } from './contents.ts';
import { ttlOf } from './due.ts';
import { type Content, type Entry, type EntryState, GIVEN_BACK, IN_HANDS, NEVER_DELIVERED } from './entry.ts';
import type { Journal } from './journal.ts';
import { toProperties } from './message-codec.ts';
import { priorityOf } from './priority.ts';
import type { Queue } from './queue.ts';

export interface MessagesOptions {
  readonly journal: Journal;
  readonly contents: Contents;
  readonly onFailure: (error: unknown) => void;
  /** Told of messages whose contents are not in the file: they were lost with a damaged part of it, and nothing can be delivered. */
  readonly onGone: (queue: Queue, count: number) => void;
  /** Takes an entry that came back once too often. */
  readonly onPastLimit: (queue: Queue, entry: Entry) => void;
  readonly lastEntryId: number;
  readonly lastContentId: number;
}

/** The way of a message: into its queues, into the hands of a consumer, and then away or back. */
export class Messages {
  readonly #options: MessagesOptions;
  #entryId: number;
  #contentId: number;

  constructor(options: MessagesOptions) {
    this.#options = options;
    this.#entryId = options.lastEntryId;
    this.#contentId = options.lastContentId;
  }

  /**
   * Into all queues or, when the promise rejects, into none. Resolves after the commit, with the message ready in each
   * of them. `removed` leaves its own queue in the same stroke.
   */
  async store(message: IncomingMessage, queues: readonly Queue[], removed?: Entry): Promise<void> {
    const durable = queues.filter(({ id }) => id !== null);
    this.#contentId += 1;
    const content: Content = {
      id: this.#contentId,
      bytes: message.body.length,
      references: durable.length,
      message: null,
    };
    const placed = queues.map((queue) => ({ queue, entry: this.#createEntry(queue, content, message) }));
    for (const queue of queues) queue.expect();
    try {
      await this.#write(message, placed, removed);
    } finally {
      for (const queue of queues) queue.unexpect();
    }
    this.#options.contents.keep(content, message);
    for (const { queue, entry } of placed) {
      queue.add(entry);
      if (!removed) queue.published.add();
    }
  }

  /** Marks entries as being in hands and fetches their messages; null when that cannot be done now. */
  async prepare(
    queue: Queue,
    entries: readonly Entry[],
    next: () => readonly Entry[],
  ): Promise<ReadonlyMap<Content, IncomingMessage> | null> {
    try {
      // The mark is on the disk before the consumer sees the message: one that kills the process is counted.
      const marked = queue.id === null ? undefined : this.#markInHands(entries);
      const [messages] = await Promise.all([this.#options.contents.load(entries, next), marked]);
      const gone = entries.filter(({ content }) => !messages.has(content)).length;
      if (gone > 0) this.#options.onGone(queue, gone);
      return messages;
    } catch (error) {
      this.#options.onFailure(error);
      return null;
    }
  }

  settle(queue: Queue, entry: Entry, settlement: Settlement, { isDelivered, wasRedelivered }: Hold): void {
    if (settlement === 'ack') {
      this.forget(queue, entry);
      queue.pump();
      return;
    }
    if (settlement === 'reject') entry.failures += 1;
    entry.state = isDelivered || wasRedelivered ? GIVEN_BACK : NEVER_DELIVERED;
    // Kept until it can be written: nobody has to wait for it.
    if (queue.id !== null) void this.#options.journal.mark(entry).catch(() => {});
    this.putBack(queue, entry);
    queue.pump();
  }

  /** To its place in the queue, or away from it when it came back too often. */
  putBack(queue: Queue, entry: Entry): void {
    if (isPastLimit(queue, entry)) this.#options.onPastLimit(queue, entry);
    else queue.add(entry);
  }

  forget(queue: Queue, entry: Entry): void {
    if (queue.id === null) return;
    this.#options.journal.remove(entry);
    this.#options.contents.forgetUnneeded(entry.content);
  }

  #createEntry(queue: Queue, content: Content, message: IncomingMessage): Entry {
    this.#entryId += 1;
    const ttlMs = ttlOf(queue.spec);
    const dueAt = ttlMs === null ? null : performance.now() + ttlMs;
    const fresh = { id: this.#entryId, failures: 0, state: NEVER_DELIVERED as EntryState, dueAt };
    // In memory only: no priorities, as RabbitMQ's transient queues have none, and a content that is never written.
    if (queue.id === null) return { ...fresh, priority: 0, content: { ...content, id: null, message } };
    return { ...fresh, priority: priorityOf(message.priority), content };
  }

  #write(message: IncomingMessage, placed: readonly Placed[], removed?: Entry): Promise<void> {
    const { journal } = this.#options;
    const entries = placed.flatMap(({ queue, entry }) => (queue.id === null ? [] : [{ queue: queue.id, entry }]));
    // In memory only, but not before what was published earlier.
    if (entries.length === 0) return journal.barrier().catch(() => {});
    const content = { id: this.#contentId, properties: toProperties(message), body: message.body };
    return journal.move({ content, entries, ...(removed ? { removed } : {}) });
  }

  async #markInHands(entries: readonly Entry[]): Promise<void> {
    let marked: Promise<void> | undefined;
    for (const entry of entries) {
      entry.state = IN_HANDS;
      marked = this.#options.journal.mark(entry);
    }
    await marked;
  }
}

interface Placed {
  readonly queue: Queue;
  readonly entry: Entry;
}

/** Without a queue to take it a message is never given up: it would be lost. */
function isPastLimit({ spec }: Queue, { failures }: Entry): boolean {
  if (spec.kind !== 'durable' || spec.deadLetterQueue === undefined) return false;
  return spec.deliveryLimit !== undefined && failures > spec.deliveryLimit;
}
