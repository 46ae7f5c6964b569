export { type ContainerOptions, type RunningContainer, startContainer } from './container.ts';
export { describeWithDocker } from './describe-with-docker.ts';
export { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
export { type InfluxDbServer, startInfluxDb, useInfluxDb } from './influxdb.ts';
export { type JaegerServer, startJaeger, useJaeger } from './jaeger.ts';
export { type PostgresServer, startPostgres, usePostgres } from './postgres.ts';
export { type RabbitMqServer, startRabbitMq, useRabbitMq } from './rabbitmq.ts';
export { type UntilOptions, until } from './until.ts';
export { useServer } from './use-server.ts';
