import type { Attributes, AttributeValue, SpanSignal } from '@tracepost/contracts';
import { fieldsOf, isFields, textOf } from '../../building/values.ts';
import type { LinesFormat, WholeFormat } from '../../format-reader.ts';
import { type ElementTaker, readElements } from '../../json/read-elements.ts';
import type { Step } from '../../json/selectors.ts';
import { countOf, parsed } from '../attributes.ts';
import { safeId } from '../span-ids.ts';
import { jsonAttributes, nanosOfText, spanId } from './fields.ts';
import { SpanTaker } from './span-taker.ts';

/** A trace as Langfuse exports it: what it made of each span, and in `metadata.attributes` often the span's own attributes. */
export const langfuseTrace: WholeFormat = {
  format: 'otel',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\[?\s*\{/.test(text) &&
    ((/"trace"\s*:\s*\{/.test(text) && /"(projectId|environment|observations)"\s*:/.test(text)) ||
      (/"observations"\s*:\s*\[/.test(text) && /"(traceId|projectId)"\s*:/.test(text))),
  open: (context) => readElements(context, WAYS, new LangfuseTaker(new SpanTaker(context))),
};

const WAYS = ['', '*.'].flatMap((list) => ['observations.*', 'trace.sessionId', 'sessionId'].map((way) => list + way));

class LangfuseTaker implements ElementTaker {
  readonly #spans: SpanTaker;
  #sessionId: string | null = null;
  /** Of the trace that is being read: its session may be named after its observations. */
  #places: number[] = [];

  constructor(spans: SpanTaker) {
    this.#spans = spans;
  }

  value(way: readonly Step[], value: unknown): void {
    if (way.at(-1) === 'sessionId') {
      this.#sessionId = safeId(value);
      return;
    }
    const place = this.#spans.span(() => spanOf(fieldsOf(value)));
    if (place !== null) this.#places.push(place);
  }

  closed(way: readonly Step[]): void {
    // The trace as a whole: the file, or an item of its list.
    if (way.length === 0 || (way.length === 1 && typeof way[0] === 'number')) this.#endTrace();
  }

  finish(): ReturnType<SpanTaker['finish']> {
    this.#endTrace();
    return this.#spans.finish();
  }

  #endTrace(): void {
    for (const place of this.#places) this.#spans.tell(place, { sessionId: this.#sessionId });
    this.#places = [];
    this.#sessionId = null;
  }
}

/** Observations alone, as its interface lists them. */
export const langfuseObservations: WholeFormat = {
  format: 'otel',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*(\[|\{\s*"data"\s*:\s*\[)\s*\{/.test(text) &&
    /"traceId"\s*:/.test(text) &&
    /"parentObservationId"\s*:/.test(text),
  open: (context) => {
    const spans = new SpanTaker(context);
    return readElements(context, ['*', 'data.*'], {
      value: (_way, value) => takeObservation(spans, value),
      finish: () => spans.finish(),
    });
  },
};

/** And as it exports them, one a line. */
export const langfuseLines: LinesFormat = {
  format: 'otel',
  kind: 'lines',
  recognise: ({ firstLine }) => isFields(firstLine) && 'traceId' in firstLine && 'parentObservationId' in firstLine,
  open: (context) => {
    const spans = new SpanTaker(context);
    return {
      line(value, number) {
        takeObservation(spans, value, number);
        return undefined;
      },
      finish: () => spans.finish(),
    };
  },
};

function takeObservation(spans: SpanTaker, value: unknown, number?: number): void {
  const observation = fieldsOf(value);
  const place = spans.span(() => spanOf(observation), number);
  if (place !== null) spans.tell(place, { sessionId: safeId(observation.sessionId) });
}

type Observation = Readonly<Record<string, unknown>>;

function spanOf(observation: Observation): SpanSignal {
  const metadata = fieldsOf(parsed(observation.metadata));
  const resource = fieldsOf(parsed(metadata.resourceAttributes));
  const scope = fieldsOf(parsed(metadata.scope));
  const start = nanosOfText(observation.startTime);
  const end = observation.endTime;
  return {
    origin: {
      service: textOf(resource['service.name']) ?? '',
      resource: {},
      scopeName: textOf(scope.name) ?? '',
      scopeVersion: '',
    },
    traceId: spanId(observation.traceId, 'trace id'),
    spanId: spanId(observation.id, 'id'),
    parentSpanId: textOf(observation.parentObservationId),
    name: textOf(observation.name) ?? '',
    kind: 'internal',
    startTimeUnixNano: start,
    endTimeUnixNano: end === undefined || end === null ? start : nanosOfText(end),
    status: {
      code: observation.level === 'ERROR' ? 'error' : 'unset',
      message: textOf(observation.statusMessage) ?? '',
    },
    attributes: { ...jsonAttributes(parsed(metadata.attributes)), ...ownAttributes(observation, metadata) },
    events: [],
    links: [],
  };
}

/** What Langfuse says itself, under the names that its own SDK has for it. */
function ownAttributes(observation: Observation, metadata: Observation): Attributes {
  const values: Record<string, unknown> = {
    'langfuse.observation.type': textOf(observation.type)?.toLowerCase(),
    'langfuse.observation.input': observation.input,
    'langfuse.observation.output': observation.output,
    'langfuse.observation.model.name': textOf(observation.model) ?? textOf(observation.providedModelName),
    'langfuse.observation.usage_details': usageOf(observation),
    'langfuse.cost': costOf(observation),
    'langfuse.provider': textOf(metadata.ls_provider),
  };
  const told = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  // Out of JSON, so each is a value that an attribute can have.
  return Object.fromEntries(told as [string, AttributeValue][]);
}

function usageOf(observation: Observation): unknown {
  const details = parsed(observation.usageDetails);
  if (isFields(details) && Object.keys(details).length > 0) return details;
  const usage = fieldsOf(observation.usage);
  const input = countOf(observation.inputUsage ?? observation.promptTokens ?? usage.input ?? usage.promptTokens);
  const output = countOf(
    observation.outputUsage ?? observation.completionTokens ?? usage.output ?? usage.completionTokens,
  );
  if (input === null && output === null) return null;
  return { input: input ?? 0, output: output ?? 0 };
}

function costOf(observation: Observation): number | null {
  const costs = [
    fieldsOf(parsed(observation.providedCostDetails)).total,
    fieldsOf(parsed(observation.costDetails)).total,
    observation.totalCost,
    observation.calculatedTotalCost,
  ];
  const cost = costs.find((one) => typeof one === 'number' && one > 0);
  return typeof cost === 'number' ? cost : null;
}
