import { resolve } from 'node:path';
import { agentFields } from '@tracepost/agents';
import { type Config, type Field, flag, list, oneOf, port, readConfig, text } from '@tracepost/config';

const dataFolder: Field<string> = {
  ...text('TRACEPOST_DATA_DIR', { about: 'where everything is kept', default: '.tracepost' }),
  parse: (path) => (path === '' ? undefined : resolve(path)),
};

const fields = {
  ...agentFields,
  host: text('TRACEPOST_HOST', { about: 'address to listen on', default: '127.0.0.1' }),
  port: port('TRACEPOST_PORT', { about: 'port of the gateway', default: '3400' }),
  localOnly: flag('TRACEPOST_LOCAL_ONLY', {
    about: '1 says that whatever publishes the port does so on loopback only',
  }),
  allowedHosts: list('TRACEPOST_ALLOWED_HOSTS', {
    about: 'further names that callers may use for this host',
    default: '',
  }),
  dataFolder,
  logLevel: oneOf('TRACEPOST_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
    about: 'lines below it are not printed; all are kept',
    default: 'error',
  }),
};
export type StandaloneConfig = Config<typeof fields>;

/** Settings of the one process. Throws `ConfigError` with every fault. */
export function readStandaloneConfig(env: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  return readConfig(env, fields);
}
