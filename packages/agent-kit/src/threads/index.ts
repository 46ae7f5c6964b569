export type { AgentModule, OpenAgents, OpenedAgents } from './agent-module.ts';
export type { ThreadSettings } from './agent-thread.ts';
export { startThreadedRunners, type ThreadedRunnersOptions } from './start-threaded-runners.ts';
