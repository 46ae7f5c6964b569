import { createTraceState, type SpanContext } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { SignalName } from '@tracepost/contracts';
import type { SignalLedger } from '../signal-ledger.ts';
import type { ThreadReceiver } from './thread-channel.ts';
import { createThreadInstruments } from './thread-instruments.ts';
import type { ThreadLog, ThreadScope, ThreadSpan, ThreadSpanContext } from './thread-signals.ts';

export interface ReceiverOptions {
  readonly resource: Resource;
  readonly ledger: SignalLedger;
  readonly pushSpan: (span: ReadableSpan) => void;
  readonly pushLog: (record: ReadableLogRecord) => void;
}

/** Makes telemetry of this process of what a thread has recorded: same resource, same queues, same series. */
export function createThreadReceiver({ resource, ledger, pushSpan, pushLog }: ReceiverOptions): ThreadReceiver {
  const instruments = createThreadInstruments();
  const scopeOf = createScopes();
  /** It was made all the same, though it never came to a queue. */
  const lose = (signal: SignalName, reason: string, count: number): void => {
    ledger.made(signal, count);
    ledger.count(signal, reason, count);
  };
  return {
    take({ spans, logs, measurements, lost }) {
      for (const span of spans) pushSpan(readSpan(span, resource, scopeOf(span.scope)));
      for (const log of logs) pushLog(readLog(log, resource, scopeOf(log.scope)));
      for (const measurement of measurements) {
        if (!instruments.record(measurement)) lose('metrics', 'too_many_instruments', 1);
      }
      for (const { signal, reason, count } of lost) lose(signal, reason, count);
    },
    end: () => instruments.end(),
  };
}

/** The same object for the same scope: exporters group by it. */
function createScopes(): (scope: ThreadScope) => InstrumentationScope {
  const scopes = new Map<string, InstrumentationScope>();
  return ({ name, version }) => {
    const key = `${name}@${version}`;
    const scope = scopes.get(key) ?? { name, version };
    scopes.set(key, scope);
    return scope;
  };
}

function readSpan(span: ThreadSpan, resource: Resource, instrumentationScope: InstrumentationScope): ReadableSpan {
  const context = readContext(span.context);
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    ...(span.parent ? { parentSpanContext: readContext(span.parent) } : {}),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: true,
    status: span.status,
    attributes: span.attributes,
    links: span.links.map((link) => ({ context: readContext(link.context), attributes: link.attributes })),
    events: span.events,
    resource,
    instrumentationScope,
    droppedAttributesCount: span.dropped.attributes,
    droppedEventsCount: span.dropped.events,
    droppedLinksCount: span.dropped.links,
  };
}

function readLog(log: ThreadLog, resource: Resource, instrumentationScope: InstrumentationScope): ReadableLogRecord {
  const { scope: _scope, context, droppedAttributes, ...record } = log;
  return {
    ...record,
    ...(context ? { spanContext: readContext(context) } : {}),
    resource,
    instrumentationScope,
    droppedAttributesCount: droppedAttributes,
  };
}

function readContext({ traceState, ...context }: ThreadSpanContext): SpanContext {
  return traceState === null ? context : { ...context, traceState: createTraceState(traceState) };
}
