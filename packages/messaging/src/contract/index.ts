export { describeBrokenBrokers, describeBrokerContract } from './describe-broker-contract.ts';
export type { BrokerHarness, BrokerProperty, CreateBrokerHarness } from './harness.ts';
export { brokerProperties } from './properties.ts';
