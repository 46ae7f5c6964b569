import type { Contents } from './contents.ts';
import { deadLetter } from './dead-letter.ts';
import type { Entry } from './entry.ts';
import type { Messages } from './messages.ts';
import type { Queue } from './queue.ts';

export interface DeadLettersOptions {
  readonly contents: Contents;
  readonly messages: () => Messages;
  readonly findQueue: (name: string) => Queue | undefined;
}

/** Where messages go that came back too often: at least once, like RabbitMQ's `at-least-once` strategy. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  /** Their dead-letter queue does not exist (yet), or could not be written. */
  readonly #stranded = new Map<Entry, Queue>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  take(queue: Queue, entry: Entry): void {
    const moved = this.#move(queue, entry).catch(() => void this.#stranded.set(entry, queue));
    this.#underWay.add(moved);
    void moved.then(() => this.#underWay.delete(moved));
  }

  /** Tries again what found no place. */
  retry(): void {
    const stranded = [...this.#stranded];
    this.#stranded.clear();
    for (const [entry, queue] of stranded) this.take(queue, entry);
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #move(queue: Queue, entry: Entry): Promise<void> {
    const { contents, messages, findQueue } = this.#options;
    const target = findQueue((queue.spec.kind === 'durable' && queue.spec.deadLetterQueue) || '');
    if (!target || target.id === null) throw new Error(`${queue.name} has no durable dead-letter queue.`);
    const loaded = await contents.load([entry], () => []);
    const message = loaded.get(entry.content);
    if (!message) return messages().forget(queue, entry);
    // Past the length limit too: keeping it matters more.
    await messages().store(deadLetter(message, queue.name, target.name), [target], entry);
    contents.forgetUnneeded(entry.content);
  }
}
