export { checkSignals } from './check-signals.ts';
export { type Decoded, decodeRequest } from './decode/decode-request.ts';
export { OpenDoorError } from './http/access-rule.ts';
export {
  createOtlpHttpReceiver,
  type OtlpHttpReceiver,
  type OtlpHttpReceiverOptions,
  type ReceiverLimits,
} from './http/create-otlp-http-receiver.ts';
export { Refusals } from './refusals.ts';
