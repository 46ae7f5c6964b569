import Type, { type Static } from 'typebox';

/** RFC 9457 problem details (`application/problem+json`), with a public UPPER_SNAKE code and the trace to look up. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  code: Type.String(),
  traceId: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), message: Type.String() }))),
  /** Of an event or metric that was not recorded: as it came, cut when it is large. */
  receivedEvent: Type.Optional(Type.Unknown()),
  /** Of an array of which nothing was recorded: each entry with its reason. */
  refused: Type.Optional(Type.Array(Type.Unknown())),
});
export type Problem = Static<typeof Problem>;
