export { OpenDoorError } from './access-rule.ts';
export { checkSignals } from './check-signals.ts';
export { createOtlpReceiver, type OtlpReceiver, type OtlpReceiverOptions } from './create-otlp-receiver.ts';
export { type Decoded, decodeRequest } from './decode/decode-request.ts';
export type { ReceiverLimits } from './intake/create-intake.ts';
export { Refusals } from './refusals.ts';
