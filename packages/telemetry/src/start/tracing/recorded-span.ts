import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import { timeInputToHrTime } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { toHrTime } from './span-clock.ts';

/** What all spans of a tracer share. */
export interface SpanOwner {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly now: () => number;
  readonly onEnd: (span: ReadableSpan) => void;
}

/** The SDK's limits: what is more is counted. */
const MAX_ATTRIBUTES = 128;
const MAX_EVENTS = 128;
const MAX_LINKS = 128;

/**
 * A span that records, in the SDK's form. It leaves out what costs and what nobody here needs: a value is not looked at before it is
 * written, limits on lengths and a second cleaning are the receiver's.
 */
export class RecordedSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  endTime: HrTime = [0, 0];
  status: SpanStatus = { code: SpanStatusCode.UNSET };
  readonly attributes: Attributes = {};
  readonly links: ReadableSpan['links'] = [];
  readonly events: ReadableSpan['events'] = [];
  ended = false;
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly #owner: SpanOwner;
  readonly #context: SpanContext;
  readonly #startMs: number | null;
  #attributeCount = 0;

  constructor(
    owner: SpanOwner,
    name: string,
    kind: SpanKind,
    spanContext: SpanContext,
    parent: SpanContext | undefined,
    startTime: TimeInput | undefined,
  ) {
    this.#owner = owner;
    this.name = name;
    this.kind = kind;
    this.#context = spanContext;
    if (parent) this.parentSpanContext = parent;
    this.#startMs = startTime === undefined ? owner.now() : null;
    this.startTime = startTime === undefined ? toHrTime(this.#startMs ?? 0) : timeInputToHrTime(startTime);
  }

  get resource(): Resource {
    return this.#owner.resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this.#owner.scope;
  }

  get duration(): HrTime {
    const nanos = this.endTime[1] - this.startTime[1];
    const seconds = this.endTime[0] - this.startTime[0];
    return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos];
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.ended || value === undefined || value === null) return this;
    if (this.attributes[key] === undefined) {
      if (key === '' || this.#attributeCount >= MAX_ATTRIBUTES) {
        this.droppedAttributesCount += 1;
        return this;
      }
      this.#attributeCount += 1;
    }
    this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key in attributes) this.setAttribute(key, attributes[key] as AttributeValue);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    if (this.events.length >= MAX_EVENTS) {
      this.droppedEventsCount += 1;
      return this;
    }
    const isTime =
      typeof attributesOrTime === 'number' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    const at = isTime ? (attributesOrTime as TimeInput) : time;
    const attributes = isTime ? undefined : (attributesOrTime as Attributes | undefined);
    this.events.push({
      name,
      time: at === undefined ? toHrTime(this.#owner.now()) : timeInputToHrTime(at),
      ...(attributes ? { attributes: { ...attributes } } : {}),
    });
    return this;
  }

  addLink(link: Link): this {
    if (this.ended) return this;
    if (this.links.length >= MAX_LINKS) this.droppedLinksCount += 1;
    else this.links.push({ context: link.context, ...(link.attributes ? { attributes: { ...link.attributes } } : {}) });
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  /** As the specification wants it: unset changes nothing, and nothing changes ok. */
  setStatus({ code, message }: SpanStatus): this {
    if (this.ended || code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK) return this;
    this.status = code === SpanStatusCode.ERROR && typeof message === 'string' ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const known = typeof exception === 'string' ? { message: exception } : exception;
    const type = 'code' in known && known.code ? String(known.code) : 'name' in known ? known.name : undefined;
    this.addEvent(
      'exception',
      {
        ...(type ? { 'exception.type': type } : {}),
        ...(known.message ? { 'exception.message': known.message } : {}),
        ...('stack' in known && known.stack ? { 'exception.stacktrace': known.stack } : {}),
      },
      time,
    );
  }

  end(endTime?: TimeInput): void {
    if (this.ended) return;
    const end = endTime === undefined ? toHrTime(this.#owner.now()) : timeInputToHrTime(endTime);
    // The clock may have been set back in between: no span ends before it begins.
    this.endTime = isBefore(end, this.startTime) ? this.startTime : end;
    this.ended = true;
    this.#owner.onEnd(this);
  }
}

function isBefore(a: HrTime, b: HrTime): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}
