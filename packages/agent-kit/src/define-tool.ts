import type { Logger, Metrics } from '@tracepost/telemetry';
import type { MetricTaker } from './business-metrics.ts';
import type { TracedFetch } from './traced-fetch.ts';

export interface ToolContext extends MetricTaker {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** `fetch` inside a CLIENT span, with a deadline and a cap on what is read. */
  readonly fetch: TracedFetch;
}

/** Something that an agent does to the world, seen as an `execute_tool` span. */
export interface Tool<I, O> {
  readonly name: string;
  readonly description: string;
  readonly run: (input: I, context: ToolContext) => Promise<O>;
}

/** Throw `ToolError` inside `run` for an expected failure; anything else counts as one too. */
export function defineTool<I, O>(tool: Tool<I, O>): Tool<I, O> {
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(tool.name)) {
    throw new TypeError(`tool name "${tool.name}" is not 1 to 64 letters, digits, "_" or "-"`);
  }
  return tool;
}
