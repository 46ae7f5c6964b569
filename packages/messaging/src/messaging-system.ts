/** One name in both ways of running: the embedded broker keeps RabbitMQ's semantics, and dashboards ask for one value. */
export const MESSAGING_SYSTEM = 'rabbitmq';
