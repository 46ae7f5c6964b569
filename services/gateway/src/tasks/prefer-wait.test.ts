import { expect, test } from 'vitest';
import { readWaitSeconds } from './prefer-wait.ts';

test.each([
  ['wait=20', 20],
  ['respond-async, wait=10', 10],
  ['wait = "5"; foo', 5],
  ['WAIT=7', 7],
  ['wait=3600', 60],
  ['return=minimal', null],
  ['nowait=5', null],
  ['wait=0', null],
  ['wait=-1', null],
  ['wait=1.5', null],
  ['wait=abc', null],
  [undefined, null],
])('Prefer: %s waits %s seconds', (prefer, seconds) => expect(readWaitSeconds(prefer)).toBe(seconds));
