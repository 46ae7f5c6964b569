import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createOutput } from '../output.ts';
import { type LiveAnswer, printLive } from './live-view.ts';

const trend = { step: 'hour', points: [], line: null } as const;
const QUIET: LiveAnswer = {
  ...{ sessions: 0, isCut: false, unreadable: 0, unreadableSessions: [], forksLeftOut: 0 },
  live: { activeSessions: 0, requestsPerMinute: 0, averageResponseMs: null, errorRate: null, tokensPerMinute: 0 },
  trends: {
    ...{ tokensByHour: trend, errorRateByHour: trend, complexityByDay: trend, toolsByDay: trend },
    untimedSessions: 0,
  },
  ...{ findings: [], recommendations: [] },
};

test('what is not known is none of the numbers, and of sessions without times it is said why they are in no trend', () => {
  expect(shown(QUIET)).toContain('answers   - on average\nfailed    - of all calls\n');
  expect(shown(QUIET)).not.toMatch(/told no times|NaN|undefined|null/);
  const untimed = { ...QUIET, trends: { ...QUIET.trends, untimedSessions: 204 } };
  expect(shown(untimed)).toMatch(/0 hours so far\n204 sessions told no times and stand in no hour or day\n/);
});

test('what is not in the answer is told with its reason, and nothing is where all of it is', () => {
  expect(shown(QUIET)).not.toContain('left out');
  const left = { isCut: true, unreadable: 30, unreadableSessions: ['a', 'b', 'c', 'd'], forksLeftOut: 1 };
  expect(shown({ ...QUIET, ...left })).toContain(
    [
      'left out  the sessions that began first: there are more than one answer looks at',
      'left out  30 sessions damaged where kept: a, b, c, …',
      'left out  1 fork that there was no time to read; ask again, and more of them are in it',
    ].join('\n'),
  );
});

function shown(answer: LiveAnswer): string {
  const stdout = new PassThrough();
  printLive(createOutput({ stdout, stderr: new PassThrough(), isJson: false }), answer);
  return String(stdout.read());
}
