import { resolve } from 'node:path';
import { agentFields } from '@tracepost/agents';
import { type Config, type Field, oneOf, readConfig, text } from '@tracepost/config';
import { gatewayFields } from '@tracepost/gateway';
import { retentionFields } from '@tracepost/recorder';

const dataFolder: Field<string> = {
  ...text('TRACEPOST_DATA_DIR', { about: 'where everything is kept', default: '.tracepost' }),
  parse: (path) => (path === '' ? undefined : resolve(path)),
};

export const standaloneFields = {
  ...agentFields,
  ...gatewayFields,
  ...retentionFields,
  dataFolder,
  logLevel: oneOf('TRACEPOST_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
    about: 'lines below it are not printed; all are kept',
    default: 'error',
  }),
};
export type StandaloneConfig = Config<typeof standaloneFields>;

/** Settings of the one process. Throws `ConfigError` with every fault. */
export function readStandaloneConfig(env: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  return readConfig(env, standaloneFields);
}
