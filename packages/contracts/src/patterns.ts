import Type from 'typebox';

/** Matched before an id becomes a routing key or a path: nothing else gets near the broker. */
export const AGENT_ID_PATTERN = '^[a-z0-9][a-z0-9-]{0,63}$';
export const NOTIFICATION_TYPE_PATTERN = '^[a-z0-9][a-z0-9._-]{0,127}$';
/** Printable ASCII without the space: `source`, `sessionId` and the message ids of foreign publishers. */
export const TOKEN_PATTERN = '^[\\x21-\\x7e]{1,128}$';
export const CORRELATION_ID_PATTERN = '^[A-Za-z0-9._:-]{1,128}$';
export const TRACE_ID_PATTERN = '^[0-9a-f]{32}$';
export const SPAN_ID_PATTERN = '^[0-9a-f]{16}$';
export const ARTIFACT_ID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

export const AgentId = Type.String({ pattern: AGENT_ID_PATTERN });
export const NotificationType = Type.String({ pattern: NOTIFICATION_TYPE_PATTERN });
export const Token = Type.String({ pattern: TOKEN_PATTERN });
export const CorrelationId = Type.String({ pattern: CORRELATION_ID_PATTERN });
export const TraceId = Type.String({ pattern: TRACE_ID_PATTERN });
export const SpanId = Type.String({ pattern: SPAN_ID_PATTERN });
export const ArtifactId = Type.String({ pattern: ARTIFACT_ID_PATTERN });
/** ISO 8601, UTC, milliseconds. */
export const IsoTime = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
