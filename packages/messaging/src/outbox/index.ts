export { type OutboxOptions, openOutbox } from './open-outbox.ts';
export type { KeepOutcome, Outbox, OutboxView, Place, SendOutcome } from './outbox.ts';
