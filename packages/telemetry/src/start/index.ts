import { ConfigError } from '@tracepost/config';
import { readStartConfig, type StartConfig } from './config.ts';
import { startTelemetry } from './start-telemetry.ts';

// Preloaded: node --import @tracepost/telemetry/start src/main.ts. Importing it starts the SDK, once for the process.
const config = readConfigOrExit();
const started = await startTelemetry(config);

/** What was set: whoever judges how often processes report has to know whether and how often they mean to. */
export const reporting: { readonly isOff: boolean; readonly everyMs: number } = {
  isOff: config.mode === 'off',
  everyMs: config.metricIntervalMs,
};

export const { attach, flush, losses, openThreadChannel, stop } = started;

/** Preloaded, nobody is there to catch: the faults themselves are what a user needs, not the stack. */
function readConfigOrExit(): StartConfig {
  try {
    return readStartConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
