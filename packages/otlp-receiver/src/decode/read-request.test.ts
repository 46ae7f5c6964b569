import type { SignalBatch } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { encodeSpans, givenSpan } from '../../test/given.ts';
import { Refusals } from '../refusals.ts';
import { readRequest } from './read-request.ts';

async function sizesOf(count: number, attributes: object): Promise<readonly number[]> {
  const bytes = encodeSpans(...Array.from({ length: count }, () => givenSpan({ attributes })));
  const parts: SignalBatch[] = [];
  for await (const part of readRequest({ signal: 'spans', format: 'protobuf', bytes, refused: new Refusals() }))
    parts.push(part);
  return parts.map(({ spans }) => spans.length);
}

it('hands a request of many small spans on by their number', async () => {
  expect(await sizesOf(7_000, {})).toEqual([3_000, 3_000, 1_000]);
});

it('hands a request of large spans on by what they weigh, so that no more than some megabytes of them are decoded', async () => {
  const sizes = await sizesOf(2_000, { text: 'x'.repeat(3_000) });
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2_000);
  expect(Math.max(...sizes) * 3_100).toBeLessThan(2 * 1_048_576);
});

it('hands a short request on as one, whatever it weighs up to then', async () => {
  expect(await sizesOf(300, { text: 'x'.repeat(3_000) })).toEqual([300]);
});
