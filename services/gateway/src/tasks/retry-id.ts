import { hash } from 'node:crypto';

/**
 * The id of the task that repeats `taskId` after `previousId` (the repetition before, or `taskId` itself for the first) has ended. The
 * same for everybody who asks, so that two gateways asked at once publish copies of one task, of which the inbox lets one run. A UUIDv8.
 */
export function retryTaskId(taskId: string, previousId: string): string {
  const hex = hash('sha256', `retry\n${taskId}\n${previousId}`, 'hex');
  const variant = VARIANTS[Number.parseInt(hex.charAt(16), 16) & 3] ?? '8';
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const VARIANTS = ['8', '9', 'a', 'b'] as const;
