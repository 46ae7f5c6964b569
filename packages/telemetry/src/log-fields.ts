/** Every field that a log line of the house may have in common with others; a line may have more of its own. */
export const LOG_FIELDS = {
  level: 'debug, info, warn or error',
  time: 'ISO 8601, UTC; on the terminal',
  service: 'who wrote it; on the terminal, elsewhere `service.name` of the resource',
  message: 'a sentence for a person; the body of the OpenTelemetry record',
  traceId: 'of the active span; on the terminal, elsewhere the trace context of the record',
  spanId: 'the same',
  layer: 'gateway, queue, agent, tool, model, store or ingest',
  phase: 'start (something begins), hop (a step on the way), end (it is over)',
  result: 'success, error or partial',
  hopName: 'the step: auth, validate, idempotency, publish, wait, claim, attempt, call, effect, breaker, …',
  hopResult: 'what came of the step',
  action: '`service:{name}:{operation}`, of a call to an outside service or a store',
  durationMs: 'how long it took, milliseconds',
  taskId: '`tracepost.task.id` in OpenTelemetry',
  agentId: '`tracepost.agent.id` in OpenTelemetry',
  correlationId: '`tracepost.correlation.id` in OpenTelemetry',
  'error.message': 'of an error',
  'error.code': 'of an error: one of [these](error-codes.md), of a problem, or of a task',
  'error.stack': 'of an error',
  fingerprint: 'of a slow statement (over 200 ms): the same for the same text; values are never logged',
} as const;

export const LOG_LAYERS = ['gateway', 'queue', 'agent', 'tool', 'model', 'store', 'ingest'] as const;
export const LOG_PHASES = ['start', 'hop', 'end'] as const;
export const LOG_RESULTS = ['success', 'error', 'partial'] as const;
