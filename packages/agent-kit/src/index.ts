export { type AgentHost, type AgentHostOptions, createAgentHost } from './agent-host.ts';
export {
  type Agent,
  type AgentDefinition,
  defineAgent,
  type NotificationHandler,
  onNotification,
  type TaskContext,
} from './define-agent.ts';
export { defineTool, type Tool, type ToolContext } from './define-tool.ts';
export { TaskFailure, ToolError } from './failures.ts';
export type { TracedAnswer, TracedFetch, TracedRequest } from './traced-fetch.ts';
