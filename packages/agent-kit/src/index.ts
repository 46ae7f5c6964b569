export { type AgentHost, type AgentHostOptions, createAgentHost, type HostedAgents } from './agent-host.ts';
export type { MetricTaker } from './business-metrics.ts';
export {
  type Agent,
  type AgentDefinition,
  defineAgent,
  type NotificationHandler,
  onNotification,
  type TaskContext,
} from './define-agent.ts';
export { defineMetric, type Metric, type MetricDefinition, type MetricType } from './define-metric.ts';
export { defineTool, type Tool, type ToolContext } from './define-tool.ts';
export {
  CancelledError,
  PermanentFailure,
  RetryLater,
  TaskFailure,
  type TaskFailureOptions,
  ToolError,
  type ToolErrorOptions,
} from './failures.ts';
export { createInlineRunner, type InlineRunnerOptions } from './inline-runner.ts';
export type { ModelCall } from './model-calls.ts';
export type { Once, OnceOptions } from './once.ts';
export { type PartialResult, partial } from './partial.ts';
export type {
  AgentDescription,
  AgentRunner,
  AttemptControls,
  AttemptOutcome,
  AttemptServices,
  RetryPolicy,
} from './runner.ts';
export {
  type AgentModule,
  type OpenAgents,
  type OpenedAgents,
  startThreadedRunners,
  type ThreadedRunnersOptions,
  type ThreadSettings,
} from './threads/index.ts';
export { refuseAnswer, type TracedAnswer, type TracedFetch, type TracedRequest } from './traced-fetch.ts';
