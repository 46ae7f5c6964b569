import type { Origin, SignalBatch } from '@tracepost/contracts';
import { redactAttributes, redactText, redactValue } from '@tracepost/telemetry';

/**
 * The second look after the process's own and the collector's: other programs' telemetry may have passed neither. Covers
 * what the collector's redaction leaves out, such as names of spans and events.
 */
export function redactBatch({ spans, logs, metrics }: SignalBatch): SignalBatch {
  return {
    spans: spans.map((span) => ({
      ...span,
      origin: redactOrigin(span.origin),
      name: redactText(span.name),
      status: { code: span.status.code, message: redactText(span.status.message) },
      attributes: redactAttributes(span.attributes),
      events: span.events.map((event) => ({
        timeUnixNano: event.timeUnixNano,
        name: redactText(event.name),
        attributes: redactAttributes(event.attributes),
      })),
    })),
    logs: logs.map((log) => ({
      ...log,
      origin: redactOrigin(log.origin),
      body: redactValue(log.body),
      attributes: redactAttributes(log.attributes),
    })),
    metrics: metrics.map((metric) => ({
      ...metric,
      origin: redactOrigin(metric.origin),
      description: redactText(metric.description),
      attributes: redactAttributes(metric.attributes),
    })),
  };
}

const origins = new WeakMap<Origin, Origin>();

/** Many signals share one origin object: each is looked at once, and stays shared. */
function redactOrigin(origin: Origin): Origin {
  const known = origins.get(origin);
  if (known) return known;
  const safe: Origin = {
    service: redactText(origin.service),
    resource: redactAttributes(origin.resource),
    scopeName: redactText(origin.scopeName),
    scopeVersion: redactText(origin.scopeVersion),
  };
  origins.set(origin, safe);
  return safe;
}
