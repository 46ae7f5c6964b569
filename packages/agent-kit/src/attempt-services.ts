import type { InboxStore } from '@tracepost/stores';
import { PermanentFailure } from './failures.ts';
import type { AttemptServices } from './runner.ts';

/** What the host does for a handler. Effects need an inbox: without one nothing of them would be remembered, and `once` says so. */
export function createAttemptServices(
  inbox: InboxStore | null,
  taskId: string,
  tellStep: (step: string) => void,
): AttemptServices {
  const refuse = () => Promise.reject(new PermanentFailure('no_inbox', 'once() needs a host that has an inbox'));
  if (!inbox) return { tellStep, beginEffect: refuse, endEffect: refuse, forgetEffect: refuse };
  return {
    tellStep,
    beginEffect: (effect) => inbox.beginEffect({ ...effect, taskId, at: new Date().toISOString() }),
    endEffect: (effect) => inbox.endEffect(effect),
    forgetEffect: (effect) => inbox.forgetEffect(effect),
  };
}
