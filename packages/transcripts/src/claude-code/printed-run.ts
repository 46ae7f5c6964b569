import { type Fields, fieldsOf, isFields, textOf } from '../building/values.ts';
import { type BegunAnswer, takeAnswerEnd } from './assistant-line.ts';
import type { ClaudeLine } from './line.ts';

/**
 * What is told of a session that the program prints while it runs, besides the lines that it also writes down: the pieces of an answer, and
 * at the end of each run what all of its calls gave.
 */
export class PrintedRun {
  readonly #models = new Set<string>();
  /** By model; a count that fell began anew. */
  readonly #counted = new Map<string, number>();
  #output = 0;
  /** By who speaks: the main agent, or the tool that began a subagent. */
  readonly #begun = new Map<string, Fields>();

  asked(model: unknown): void {
    const name = textOf(model);
    if (name !== null) this.#models.add(name);
  }

  /** A piece of an answer as it comes from the provider. */
  piece(line: ClaudeLine): void {
    const event = fieldsOf(line.fields.event);
    const speaker = textOf(line.fields.parent_tool_use_id) ?? '';
    if (event.type === 'message_start') this.#begun.set(speaker, fieldsOf(event.message));
    const message = this.#begun.get(speaker);
    if (event.type !== 'message_delta' || !message || !isFields(event.usage)) return;
    const answer: BegunAnswer = { message, usage: event.usage, stopReason: fieldsOf(event.delta).stop_reason };
    takeAnswerEnd(line, answer);
  }

  /** Tokens out of all calls until now; null: it is not told. Models that only the program itself asked are left out. */
  output({ modelUsage, usage }: Fields): number | null {
    const byModel = Object.entries(fieldsOf(modelUsage)).flatMap(([name, counts]) => {
      const model = name.replace(/\[\w+\]$/, '');
      const tokens = fieldsOf(counts).outputTokens;
      return this.#models.has(model) && isCount(tokens) ? [[model, tokens] as const] : [];
    });
    const whole = fieldsOf(usage).output_tokens;
    const all = byModel.length > 0 ? byModel : isCount(whole) ? [['', whole] as const] : [];
    for (const [model, tokens] of all) {
      const before = this.#counted.get(model) ?? 0;
      this.#output += tokens >= before ? tokens - before : tokens;
      this.#counted.set(model, tokens);
    }
    return all.length === 0 ? null : this.#output;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
