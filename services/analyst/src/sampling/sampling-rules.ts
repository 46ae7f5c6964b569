import { createHash } from 'node:crypto';
import type { AttributeValue, SpanSignal } from '@tracepost/contracts';
import { ATTR } from '@tracepost/telemetry';

/** The same rules stand in otel-collector.yaml (`tail_sampling`), in the collector's words. */
export interface SamplingRules {
  /** Share of ordinary traces that is kept, 0 to 100. */
  readonly keepPercent: number;
  /** Tenants of whom every trace is kept. */
  readonly keepTenants: readonly string[];
  /** A trace that takes as long is kept. */
  readonly slowMs: number;
  /** An attempt or a model call that cost as much is kept with its trace. */
  readonly expensiveUsd: number;
  /** How long a trace is waited for, from its first span, until it is decided on. */
  readonly decideAfterMs: number;
}

/** What is known of a trace from those of its spans that have come. */
export class TraceFacts {
  readonly #rules: SamplingRules;
  readonly #begun = new Set<string>();
  readonly #ended = new Set<string>();
  #isNotable = false;
  #startNs: bigint | null = null;
  #endNs = 0n;

  constructor(rules: SamplingRules) {
    this.#rules = rules;
  }

  add(span: SpanSignal): void {
    const { attributes, startTimeUnixNano, endTimeUnixNano } = span;
    if (this.#startNs === null || startTimeUnixNano < this.#startNs) this.#startNs = startTimeUnixNano;
    if (endTimeUnixNano > this.#endNs) this.#endNs = endTimeUnixNano;
    const taskId = textOf(attributes[ATTR.taskId]);
    const status = textOf(attributes[ATTR.taskStatus]);
    if (taskId !== null) this.#begun.add(taskId);
    if (taskId !== null && status !== null && ENDINGS.has(status)) this.#ended.add(taskId);
    this.#isNotable ||= isNotable(span, status, this.#rules);
  }

  /** Nothing that comes can change that: it failed, was slow or expensive, was stopped, or is a tenant's whose traces are kept. */
  get isKept(): boolean {
    return this.#isNotable || this.#endNs - (this.#startNs ?? 0n) >= BigInt(this.#rules.slowMs) * 1_000_000n;
  }

  /** Tasks that were seen and have not ended: each takes long, and how it ends is not known. */
  get unfinished(): readonly string[] {
    return [...this.#begun].filter((taskId) => !this.#ended.has(taskId));
  }

  get ended(): Iterable<string> {
    return this.#ended;
  }
}

const ENDINGS: ReadonlySet<string> = new Set(['succeeded', 'cancelled', 'failed', 'timed_out', 'dead']);
/** An attempt that is followed by another has failed too. */
const FAILURES: ReadonlySet<string> = new Set(['failed', 'timed_out', 'dead', 'retrying']);

function isNotable({ status: { code }, attributes }: SpanSignal, status: string | null, rules: SamplingRules): boolean {
  if (code === 'error' || (status !== null && FAILURES.has(status))) return true;
  if (attributes[ATTR.stopReason] !== undefined) return true;
  const costUsd = attributes[ATTR.costUsd];
  if (typeof costUsd === 'number' && costUsd >= rules.expensiveUsd) return true;
  const tenant = textOf(attributes[ATTR.tenantId]);
  return tenant !== null && rules.keepTenants.includes(tenant);
}

/** By the trace's id alone: whoever decides on parts of one trace decides alike. */
export function isAmongKept(traceId: string, keepPercent: number): boolean {
  const point = createHash('sha256').update(traceId).digest().readUInt32BE(0);
  return point < (keepPercent / 100) * 2 ** 32;
}

function textOf(value: AttributeValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
