import type { SinkAnswer } from '@tracepost/contracts';

/** Ways in which a store can be wrong, each as a change to a right one. The contract has to notice every one. */
export type Breakages<Store> = Readonly<Record<string, (right: Store) => Store>>;

export const LATER: SinkAnswer = { status: 'later', reason: 'broken', retryAfterMs: 1 };

export function withoutPing<Store extends { ping(): Promise<void> }>(right: Store): Store {
  return { ...right, ping: () => Promise.reject(new Error('broken')) };
}

export function hidingRefusals(answer: SinkAnswer): SinkAnswer {
  return answer.status === 'taken' ? { ...answer, refused: [] } : answer;
}

export function mapValues<From, To>(
  map: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
