import Type, { type Static } from 'typebox';
import { IsoTime, TraceId } from './patterns.ts';

export const TRACE_STATUSES = ['ok', 'error'] as const;
export type TraceStatus = (typeof TRACE_STATUSES)[number];

/** The lists of a summary, each of them with a limit. */
export const TRACE_LISTS = ['services', 'spanNames', 'agentIds', 'taskIds', 'attributes'] as const;
export type TraceList = (typeof TRACE_LISTS)[number];

const words = <T extends string>(list: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(list.map((word) => Type.Literal(word))));

/** What is known of a trace without reading its spans: what traces are found by, and what a list of them shows. */
export const TraceSummary = Type.Object({
  traceId: TraceId,
  /** The first start and the last end of its spans so far. */
  startedAt: IsoTime,
  endedAt: IsoTime,
  durationMs: Type.Number(),
  /** The span without a parent, or the earliest one while none came. */
  rootService: Type.String(),
  rootName: Type.String(),
  status: words(TRACE_STATUSES),
  spanCount: Type.Integer(),
  errorCount: Type.Integer(),
  /** Of the two counts: past 1,024 spans they are estimates. */
  accuracy: Type.Union([Type.Literal('exact'), Type.Literal('estimated')]),
  services: Type.Array(Type.String()),
  spanNames: Type.Array(Type.String()),
  agentIds: Type.Array(Type.String()),
  taskIds: Type.Array(Type.String()),
  /** Of all its spans and their resources: the different values of each name. */
  attributes: Type.Record(Type.String(), Type.Array(Type.String())),
  /** The lists that had to leave something out. */
  truncated: Type.Array(words(TRACE_LISTS)),
  /** When something new of it came last. */
  lastSeenAt: IsoTime,
});
export type TraceSummary = Static<typeof TraceSummary>;
