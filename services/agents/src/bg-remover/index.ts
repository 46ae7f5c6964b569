export {
  type BackgroundRemover,
  type BackgroundRemoverOptions,
  createBackgroundRemover,
  type RemovalRequest,
} from './background-remover.ts';
export type { RefusalCode, Refused, RemovalOutcome, Removed } from './outcome.ts';
export { QUALITIES, type Quality } from './quality.ts';
