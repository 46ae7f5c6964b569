import { SpanKind } from '@opentelemetry/api';
import { GEN_AI, type Telemetry, withSpan } from '@tracepost/telemetry';
import type { Breakers } from './breakers.ts';
import type { MetricTaker } from './business-metrics.ts';
import type { Tool } from './define-tool.ts';
import { TaskFailure, ToolError } from './failures.ts';
import { createTracedFetch } from './traced-fetch.ts';

export interface ToolUse {
  readonly telemetry: Telemetry;
  readonly breakers: Breakers;
  readonly agentId: string;
  /** Stand on every span: whose task it is. */
  readonly ids: Readonly<Record<string, string>>;
  readonly business: MetricTaker;
  readonly signal: AbortSignal;
  readonly onUse: () => void;
}

/** Runs tools for one task: `execute_tool` span, `tracepost.tool.duration`, every failure a `ToolError`. */
export function createToolRunner({ telemetry, breakers, agentId, ids, business, signal, onUse }: ToolUse) {
  const fetch = createTracedFetch(telemetry, breakers, ids);
  const { logger, metrics } = telemetry;

  return async function useTool<I, O>(tool: Tool<I, O>, input: I): Promise<O> {
    signal.throwIfAborted();
    onUse();
    const started = performance.now();
    let outcome = 'error';
    try {
      const attributes = {
        [GEN_AI.operationName]: 'execute_tool',
        [GEN_AI.toolName]: tool.name,
        [GEN_AI.toolType]: 'function',
        ...ids,
      };
      const name = `execute_tool ${tool.name}`;
      const output = await withSpan(telemetry, { name, kind: SpanKind.INTERNAL, attributes }, async () => {
        try {
          return await tool.run(input, { signal, logger, metrics, ...business, fetch });
        } catch (error) {
          throw asToolError(tool.name, error, signal);
        }
      });
      outcome = 'success';
      return output;
    } finally {
      metrics.record('tracepost.tool.duration', (performance.now() - started) / 1000, {
        'tracepost.agent.id': agentId,
        'gen_ai.tool.name': tool.name,
        'tracepost.outcome': outcome,
      });
    }
  };
}

function asToolError(tool: string, error: unknown, signal: AbortSignal): unknown {
  if (error instanceof TaskFailure || (signal.aborted && error === signal.reason)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ToolError(`tool ${tool} failed: ${message}`, { cause: error, isRetryable: true });
}
