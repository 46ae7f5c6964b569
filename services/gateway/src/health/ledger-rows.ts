import type { LedgerHop, LedgerRow, Loss, SignalName } from '@tracepost/contracts';
import type { Held } from './held-totals.ts';
import type { SeriesTotal } from './series-totals.ts';

/** What the metrics of every hop have told so far. */
export interface LedgerFacts {
  readonly produced: readonly SeriesTotal[];
  readonly held: readonly Held[];
  readonly dropped: readonly SeriesTotal[];
  readonly received: readonly SeriesTotal[];
  readonly stored: readonly SeriesTotal[];
  readonly refused: readonly SeriesTotal[];
  readonly heldByIngest: readonly Held[];
  /** Of the collector, where there is one. */
  readonly collector: Readonly<Record<SignalName, CollectorFacts>> | null;
  /** Spans that the analyst has and Jaeger has not, where Jaeger keeps the traces; of those that sampling left out none. */
  readonly waitingForJaeger: number;
  /** Made in the last minute: what has not arrived of it is on its way. */
  readonly recent: Readonly<Record<SignalName, number>>;
}

export interface CollectorFacts {
  readonly accepted: number;
  readonly sentToAnalyst: number;
  readonly lostToAnalyst: number;
  readonly sentToJaeger: number;
  readonly lostToJaeger: number;
  /** Something waits in its queue for the analyst. */
  readonly isQueueing: boolean;
  /** Its newest word on its queue for Jaeger; null when there was none, and for what does not go there. */
  readonly jaegerQueue: { readonly toldAt: number; readonly isEmpty: boolean } | null;
  /** Spans are sampled on the way to Jaeger. */
  readonly isSampling: boolean;
  /** Spans that sampling let through, by the time of that word; null when nobody has told. */
  readonly kept: number | null;
}

export const SIGNALS: readonly SignalName[] = ['spans', 'logs', 'metrics'];
export const SAMPLED_OUT = 'sampled_out';
/** The one reason for which the analyst refuses a span that is good: where Jaeger keeps the traces, it keeps that one too. */
export const TRACE_TOO_LARGE = 'trace_too_large';
/** Many times as long as a process is silent between two reports. */
const SILENT_MS = 60_000;

/**
 * One row for each signal. Every report of a process holds one instant, so that within it nothing is missing; between two hops there is what
 * is on its way. What nobody has any more is told apart from that by three signs: its process began again, or fell silent, or
 * it has not arrived although nothing was made for a minute and no queue holds anything.
 */
export function ledgerRows(facts: LedgerFacts): LedgerRow[] {
  const newest = Math.max(0, ...facts.held.map(({ lastAt }) => lastAt));
  return SIGNALS.map((signal) => rowOf(facts, signal, newest));
}

/** What the collector gave up, by the way on which it lost it: in `dropped`, and told by no process of our own. */
export function collectorLosses(rows: readonly LedgerRow[]): Loss[] {
  return rows.flatMap(({ signal, hops }) => {
    const [collector, jaeger, analyst] = ['collector', 'jaeger', 'analyst'].map((name) =>
      hops.find(({ hop }) => hop === name),
    );
    const losses = [
      { signal, reason: 'collector_send_failed', count: collector?.dropped ?? 0 },
      // As in the row: of what nobody else has stored nothing was lost on the way to Jaeger alone.
      { signal, reason: 'jaeger_send_failed', count: Math.min(jaeger?.dropped ?? 0, analyst?.passed ?? 0) },
    ];
    return losses.filter(({ count }) => count > 0);
  });
}

function rowOf(facts: LedgerFacts, signal: SignalName, newest: number): LedgerRow {
  const produced = sum(facts.produced, signal);
  const lost = sum(facts.dropped, signal);
  const held = of(facts.held, signal);
  const waiting = total(held, ({ now }) => now);
  const waitedBefore = total(held, ({ base }) => base);
  const silent = total(held, ({ now, lastAt }) => (newest - lastAt > SILENT_MS ? now : 0));
  const dead = total(held, (one) => one.dead);
  const handedOn = produced + waitedBefore - lost - waiting - dead;

  const house = sum(facts.received, signal, ['tracepost.origin', 'house']);
  const others = sum(facts.received, signal, ['tracepost.origin', 'other']);
  const collector = facts.collector?.[signal] ?? null;
  const arrived = house + (collector?.lostToAnalyst ?? 0);
  // More arrived than was told of: made since the last report, or by a process that was killed before its next.
  const untold = Math.max(0, arrived - handedOn);
  const gone = Math.max(0, dead - untold);
  const made = produced + waitedBefore + Math.max(0, untold - dead);
  const missing = Math.max(0, handedOn - arrived);
  const lostBetween = collector?.isQueueing ? 0 : Math.max(0, missing - facts.recent[signal]);

  const stored = sum(facts.stored, signal);
  const leftOut = sum(facts.refused, signal, ['tracepost.reason', SAMPLED_OUT]);
  const ingest = of(facts.heldByIngest, signal);
  const undecided = total(ingest, ({ now }) => now);
  const received = house + others + total(ingest, ({ base }) => base);
  // Of a trace that is too long for the analyst Jaeger has the rest all the same.
  const beyond =
    collector && signal === 'spans' ? sum(facts.refused, signal, ['tracepost.reason', TRACE_TOO_LARGE]) : 0;
  const taken = stored + beyond;
  const refused = Math.max(0, received - taken - leftOut - undecided);
  // Refused at the door, before it was anybody's batch: made by others, and lost.
  const atTheDoor = Math.max(0, sum(facts.refused, signal) - leftOut - beyond - refused);
  const lostToJaeger = Math.min(taken, collector?.lostToJaeger ?? 0);
  const notForJaeger = Math.min(taken - lostToJaeger, collector?.isSampling ? keptFromJaeger(collector) : 0);
  const forJaeger = collector && signal === 'spans' ? facts.waitingForJaeger : 0;
  const waitingForJaeger = Math.min(taken - lostToJaeger - notForJaeger, forJaeger);

  return {
    signal,
    since: sinceOf(facts, signal),
    produced: made + others + received - house - others + atTheDoor,
    stored: taken - lostToJaeger - notForJaeger - waitingForJaeger,
    dropped: lost + (collector?.lostToAnalyst ?? 0) + refused + atTheDoor + lostToJaeger,
    sampledOut: leftOut + notForJaeger,
    underWay: waiting - silent + missing - lostBetween + undecided + waitingForJaeger,
    unaccounted: gone + silent + lostBetween,
    hops: [
      { hop: 'processes', received: made, passed: Math.max(handedOn, arrived), dropped: lost, waiting },
      ...collectorHops(signal, collector),
      { hop: 'analyst', received, passed: stored, dropped: refused + beyond + leftOut, waiting: undecided },
    ],
  };
}

/** What the analyst has and is not on its way to Jaeger: left out, or not decided on yet. */
function keptFromJaeger({ sentToAnalyst, lostToAnalyst, sentToJaeger, lostToJaeger, kept }: CollectorFacts): number {
  return Math.max(0, sentToAnalyst + lostToAnalyst - Math.max(kept ?? 0, sentToJaeger + lostToJaeger));
}

/** Its own counts: other programs' telemetry and its own metrics stand in them too. Its queues are told in bytes. */
function collectorHops(signal: SignalName, facts: CollectorFacts | null): LedgerHop[] {
  if (facts === null) return [];
  const { accepted, sentToAnalyst, lostToAnalyst, sentToJaeger, lostToJaeger } = facts;
  const own = { hop: 'collector', received: accepted, passed: sentToAnalyst, dropped: lostToAnalyst, waiting: null };
  if (signal !== 'spans') return [own];
  const sent = sentToJaeger + lostToJaeger;
  return [own, { hop: 'jaeger', received: sent, passed: sentToJaeger, dropped: lostToJaeger, waiting: null }];
}

function sinceOf({ produced, stored }: LedgerFacts, signal: SignalName): string | null {
  const first = [...of(produced, signal), ...of(stored, signal)].map(({ firstAt }) => firstAt);
  return first.length === 0 ? null : new Date(Math.min(...first)).toISOString();
}

function sum(series: readonly SeriesTotal[], signal: SignalName, only?: readonly [string, string]): number {
  const wanted = of(series, signal).filter(({ attributes }) => !only || attributes[only[0]] === only[1]);
  return total(wanted, ({ grown }) => grown);
}

function of<T extends { readonly attributes: Readonly<Record<string, string>> }>(
  all: readonly T[],
  signal: SignalName,
): T[] {
  return all.filter(({ attributes }) => attributes['tracepost.signal'] === signal);
}

function total<T>(all: readonly T[], read: (one: T) => number): number {
  return all.reduce((sum, one) => sum + read(one), 0);
}
