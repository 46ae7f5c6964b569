import type { IncomingMessage } from '../broker.ts';
import type { Contents } from './contents.ts';
import { type DeathReason, deadLetter } from './dead-letter.ts';
import type { Entry } from './entry.ts';
import type { Messages } from './messages.ts';
import type { Queue } from './queue.ts';

export interface DeadLettersOptions {
  readonly contents: Contents;
  readonly messages: () => Messages;
  readonly findQueue: (name: string) => Queue | undefined;
  /** Told of messages whose contents are not in the file any more, before they are forgotten. */
  readonly onGone: (queue: Queue, count: number) => void;
}

/** Where messages go that came back too often or waited long enough: at least once, like RabbitMQ's `at-least-once` strategy. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  /** Their dead-letter queue does not exist (yet), or could not be written. */
  readonly #stranded = new Map<Entry, { readonly queue: Queue; readonly reason: DeathReason }>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Resolves when each has moved, or has to wait. Never rejects. */
  take(queue: Queue, entries: readonly Entry[], reason: DeathReason): Promise<void> {
    const moved = this.#moveAll(queue, entries, reason);
    this.#underWay.add(moved);
    return moved.finally(() => this.#underWay.delete(moved));
  }

  /** Tries again what found no place. */
  retry(): void {
    const stranded = [...this.#stranded];
    this.#stranded.clear();
    for (const [entry, { queue, reason }] of stranded) void this.take(queue, [entry], reason);
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #moveAll(queue: Queue, entries: readonly Entry[], reason: DeathReason): Promise<void> {
    const strand = (entry: Entry): void => void this.#stranded.set(entry, { queue, reason });
    try {
      const { contents, findQueue, onGone } = this.#options;
      const target = findQueue((queue.spec.kind === 'durable' && queue.spec.deadLetterQueue) || '');
      if (!target || target.id === null) throw new Error(`${queue.name} has no durable dead-letter queue.`);
      const loaded = await contents.load(entries, () => []);
      const gone = entries.filter(({ content }) => !loaded.has(content)).length;
      if (gone > 0) onGone(queue, gone);
      // All in one turn of the event loop, so that they keep their order and share one write.
      await Promise.all(
        entries.map((entry) =>
          this.#move({ queue, target, entry, reason, message: loaded.get(entry.content) }).catch(() => strand(entry)),
        ),
      );
    } catch {
      for (const entry of entries) strand(entry);
    }
  }

  async #move({ queue, target, entry, reason, message }: DeadMove): Promise<void> {
    const { contents, messages } = this.#options;
    if (!message) return messages().forget(queue, entry);
    // Past the length limit too: keeping it matters more.
    await messages().store(deadLetter(message, queue.name, target.name, reason), [target], entry);
    contents.forgetUnneeded(entry.content);
  }
}

interface DeadMove {
  readonly queue: Queue;
  readonly target: Queue;
  readonly entry: Entry;
  readonly reason: DeathReason;
  readonly message: IncomingMessage | undefined;
}
