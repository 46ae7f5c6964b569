import type { AnalysisView } from '@tracepost/contracts';
import { type Output, styled } from '../output.ts';
import { countOf, shorten } from './figures.ts';

type LeftOut = Pick<AnalysisView, 'isCut' | 'unreadable' | 'unreadableSessions' | 'forksLeftOut'>;

const MOST_NAMED = 3;
const MOST_ID = 60;

/** Which sessions are not in the answers to questions about many, and why; nothing where all are, or where an older gateway tells nothing of it. */
export function printLeftOut(output: Output, answers: readonly LeftOut[]): void {
  const most = (count: (answer: LeftOut) => number): number =>
    answers.reduce((sum, one) => Math.max(sum, count(one)), 0);
  const say = (text: string): void => output.line(styled('yellow', `left out  ${text}`));
  if (answers.some(({ isCut }) => isCut)) say('the sessions that began first: there are more than one answer looks at');
  const unreadable = most((answer) => answer.unreadable);
  const names = [...new Set(answers.flatMap(({ unreadableSessions }) => unreadableSessions ?? []))];
  const named = names.slice(0, MOST_NAMED).map((name) => shorten(name, MOST_ID));
  const more = unreadable > named.length ? ', …' : '';
  if (unreadable > 0) say(`${countOf(unreadable, 'session')} damaged where kept: ${named.join(', ')}${more}`);
  const forks = most((answer) => answer.forksLeftOut);
  if (forks > 0) say(`${countOf(forks, 'fork')} that there was no time to read; ask again, and more of them are in it`);
}
