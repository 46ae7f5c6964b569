/**
 * Every name that leaves the house as telemetry, in the words of the OpenTelemetry semantic conventions (1.45) where
 * they have one, and in our own namespace where they do not.
 */
export const ATTR = {
  agentId: 'tracepost.agent.id',
  artifactId: 'tracepost.artifact.id',
  attempt: 'tracepost.task.attempt',
  correlationId: 'tracepost.correlation.id',
  costUsd: 'tracepost.cost_usd',
  notificationType: 'tracepost.notification.type',
  outcome: 'tracepost.outcome',
  queueWaitMs: 'tracepost.queue.wait_ms',
  sessionId: 'session.id',
  source: 'tracepost.source',
  stopReason: 'tracepost.task.stop_reason',
  taskId: 'tracepost.task.id',
  taskStatus: 'tracepost.task.status',
  tenantId: 'tracepost.tenant.id',
  workerId: 'tracepost.worker.id',

  errorType: 'error.type',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  networkProtocolVersion: 'network.protocol.version',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlFull: 'url.full',
  urlPath: 'url.path',
  urlScheme: 'url.scheme',
  userAgent: 'user_agent.original',

  messagingBodySize: 'messaging.message.body.size',
  messagingConversationId: 'messaging.message.conversation_id',
  messagingDestination: 'messaging.destination.name',
  messagingMessageId: 'messaging.message.id',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingRabbitmqRoutingKey: 'messaging.rabbitmq.destination.routing_key',
  messagingSystem: 'messaging.system',
} as const;

/** GenAI names still move; they stand apart so that a change is one place. */
export const GEN_AI = {
  agentName: 'gen_ai.agent.name',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  inputTokens: 'gen_ai.usage.input_tokens',
  operationName: 'gen_ai.operation.name',
  outputTokens: 'gen_ai.usage.output_tokens',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  toolCallId: 'gen_ai.tool.call.id',
  toolName: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
} as const;

/** The resource attribute that names who put an SDK together, and what ours says there. */
export const DISTRO = 'telemetry.distro.name';
export const OUR_DISTRO = 'tracepost';

export const SERVICE_NAMES = {
  agents: 'tracepost-agents',
  analyst: 'tracepost-analyst',
  gateway: 'tracepost-gateway',
  recorder: 'tracepost-recorder',
} as const;
