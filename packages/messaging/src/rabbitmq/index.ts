export { createRabbitMqBroker, type RabbitMqOptions } from './rabbitmq-broker.ts';
