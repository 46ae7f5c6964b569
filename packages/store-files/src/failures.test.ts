import { StoreUnavailableError } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { explainFailure } from './failures.ts';

test('a full disk is told in one sentence, and may be tried again', () => {
  const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const error = explainFailure(cause, '/data');
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error).toMatchObject({
    message: 'Artifacts cannot be kept in /data: the disk is full. Nothing was kept.',
    isRetryable: true,
    cause,
  });
});

test('an error that is not of the disk stays as it is', () => {
  const cause = new Error('the sender went away');
  expect(explainFailure(cause, '/data')).toBe(cause);
});
