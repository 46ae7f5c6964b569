export { sampleImage } from './bg-remover/sample-image.ts';
export { type AgentSettings, agentFields } from './config.ts';
export { type AgentName, createAgents } from './create-agents.ts';
