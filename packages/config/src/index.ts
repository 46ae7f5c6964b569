export { type Field, flag, integer, list, oneOf, port, secretFile, text, url } from './fields.ts';
export { createHealthServer, type HealthServer, type ReadyCheck } from './health-server.ts';
export { createHousekeeping, type Housekeeping } from './housekeeping.ts';
export { createPingCheck, type PingCheck } from './ping-check.ts';
export { type Config, ConfigError, readConfig } from './read-config.ts';
export { runService, type ServiceLife } from './run-service.ts';
export { postgresFields, rabbitmqFields } from './server-fields.ts';
