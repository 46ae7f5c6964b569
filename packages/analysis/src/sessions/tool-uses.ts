import type { SessionDocument, SessionToolCall, ToolCategory, ToolUse } from '@tracepost/contracts';
import { toolEvidence } from './evidence.ts';
import { processingMs } from './times.ts';

/** What each tool was used for, the most used first. Times over the calls whose time is known. */
export function toolUses(
  { sessionId, tools }: Pick<SessionDocument, 'sessionId' | 'tools'>,
  categoryOf: (tool: string) => ToolCategory,
): ToolUse[] {
  const sums = new Map<string, ToolSums>();
  for (const tool of tools) {
    const sum = sums.get(tool.name) ?? new ToolSums();
    sums.set(tool.name, sum);
    sum.add(tool);
  }
  return [...sums]
    .map(([name, sum]) => {
      const failure = sum.lastFailure && { ...toolEvidence({ sessionId }, sum.lastFailure), tool: name };
      return { name, category: categoryOf(name), ...sum.toFigures(), ...(failure ? { failure } : {}) };
    })
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1));
}

class ToolSums {
  lastFailure: SessionToolCall | null = null;
  #ok = 0;
  #failed = 0;
  #refused = 0;
  #pending = 0;
  #timed = 0;
  #totalMs = 0;
  #argumentBytes = 0;
  #resultBytes = 0;

  add(tool: SessionToolCall): void {
    if (tool.status === 'ok') this.#ok++;
    else if (tool.status === 'failed') {
      this.#failed++;
      this.lastFailure = tool;
    } else if (tool.status === 'refused') this.#refused++;
    else this.#pending++;
    this.#argumentBytes += tool.argumentBytes;
    this.#resultBytes += tool.resultBytes ?? 0;
    const ms = processingMs(tool);
    if (ms === null) return;
    this.#timed++;
    this.#totalMs += ms;
  }

  toFigures(): Omit<ToolUse, 'name' | 'category' | 'failure'> {
    return {
      count: this.#ok + this.#failed + this.#refused + this.#pending,
      succeeded: this.#ok,
      failed: this.#failed,
      refused: this.#refused,
      pending: this.#pending,
      totalMs: this.#timed > 0 ? this.#totalMs : null,
      averageMs: this.#timed > 0 ? this.#totalMs / this.#timed : null,
      timed: this.#timed,
      argumentBytes: this.#argumentBytes,
      resultBytes: this.#resultBytes,
    };
  }
}
