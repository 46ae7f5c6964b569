export { startThreadTelemetry, type ThreadChannelData, type ThreadTelemetry } from './start-thread-telemetry.ts';
export type { OpenThreadChannel, ThreadChannel } from './thread-channel.ts';
