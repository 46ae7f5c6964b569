import { describeWithDocker, useRabbitMq } from '@tracepost/testing';
import { describeBrokerContract } from '../src/contract/index.ts';
import { rabbitMqHarness } from './rabbitmq-harness.ts';

describeWithDocker('with a real RabbitMQ', () => {
  const server = useRabbitMq();
  describeBrokerContract('RabbitMQ', () => rabbitMqHarness(server()));
});
