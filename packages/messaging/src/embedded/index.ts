export { type EmbeddedBrokerOptions, openEmbeddedBroker } from './open-embedded-broker.ts';
