export { createGateway, type Gateway, type GatewayOptions } from './app.ts';
export { type GatewayConfig, gatewayFields } from './config.ts';
export { OpenPortRefusedError, PortTakenError } from './errors.ts';
export { PROBLEM_STATUS, type ProblemCode } from './http/problem.ts';
