import type { AttemptServices } from '../runner.ts';
import { fromPlainError } from './plain-error.ts';
import type { EffectCall, FromThread, ToThread } from './thread-messages.ts';

export interface RemoteServices {
  /** For one attempt. */
  of(run: number): AttemptServices;
  /** An answer of the host. */
  settle(answer: Extract<ToThread, { kind: 'answer' | 'refusal' }>): void;
}

interface Waiting {
  // What the host answers has the type that its own service gives.
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The host's services, asked for by messages. */
export function createRemoteServices(tell: (message: FromThread) => void): RemoteServices {
  const waiting = new Map<number, Waiting>();
  let calls = 0;

  const ask = <T>(run: number, question: EffectCall): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const call = ++calls;
      // Before the wait is noted: an effect that is no plain data rejects, and leaves nothing behind.
      tell({ kind: 'call', run, call, ...question });
      waiting.set(call, { resolve, reject });
    });

  return {
    of: (run) => ({
      tellStep: (step) => tell({ kind: 'step', run, step }),
      beginEffect: (effect) => ask(run, { method: 'beginEffect', effect }),
      endEffect: (effect) => ask(run, { method: 'endEffect', effect }),
      forgetEffect: (effect) => ask(run, { method: 'forgetEffect', effect }),
    }),
    settle(answer) {
      const asked = waiting.get(answer.call);
      waiting.delete(answer.call);
      if (answer.kind === 'answer') asked?.resolve(answer.value as never);
      else asked?.reject(fromPlainError(answer.error));
    },
  };
}
