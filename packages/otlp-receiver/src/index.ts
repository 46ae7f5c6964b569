export { checkSignals } from './check-signals.ts';
export { Refusals } from './refusals.ts';
