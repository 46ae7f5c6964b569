import { Problem } from '@tracepost/contracts';

/** Every route may answer with problem details. */
export const problemAnswers = {
  '4xx': { description: 'Refused', content: { 'application/problem+json': { schema: Problem } } },
  '5xx': { description: 'Failed', content: { 'application/problem+json': { schema: Problem } } },
} as const;
