import { readStartConfig } from './config.ts';
import { startTelemetry } from './start-telemetry.ts';

// Preloaded: node --import @tracepost/telemetry/start src/main.ts. Importing it starts the SDK, once for the process.
const started = await startTelemetry(readStartConfig());

export const { attach, flush, losses, stop } = started;
