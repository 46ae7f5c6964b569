import type { ResultJudge } from '../chat/chat-session.ts';

/** The benchmark's tools answer with a text; one that begins with `Error` is a refusal, as is that there is no such tool. Newer versions say so in a field. */
export const judgeResult: ResultJudge = (text, message) => {
  const isFailed = typeof message.error === 'boolean' ? message.error : /^(?:Error|Unknown action )/.test(text);
  return { status: isFailed ? 'failed' : 'ok' };
};

/** A reward is a product of ones and zeros, as doubles give it; all but a whole one is none. */
export function isWholeReward(reward: number): boolean {
  return Math.abs(reward - 1) <= 1e-6;
}
