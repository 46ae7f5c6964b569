import { expect, test } from 'vitest';
import { redactAttributes, redactField, redactText } from './redaction.ts';

test('masks addresses, card numbers and bearer tokens, and leaves the rest', () => {
  expect(redactText('from a.b+c@example.org, x-y@z.co.uk')).toBe('from ****, ****');
  expect(redactText('a@b.cd-x@y.zz')).toBe('********');
  expect(redactText('4111111111111111 Bearer abc.def')).toBe('**** ****');
  expect(redactText('at node_modules/@tracepost/x@1.2 a@b @')).toBe('at node_modules/@tracepost/x@1.2 a@b @');
});

test('who a person is becomes a hash: the same everywhere, and not hashed again', () => {
  const hashed = 'sha256:e96e02d8e47f2a7c';
  // As the collector makes it (deploy/test/collector.test.ts), so that all homes hold the same.
  expect(redactField('enduser.id', 'jane-4711')).toBe('sha256:590166a3ea3b3adf');
  expect(redactAttributes({ 'user.id': 'jane' })['user.id']).toBe(redactField('enduser.id', 'jane'));
  expect(redactAttributes({ 'enduser.id': 7 })['enduser.id']).toBe(redactField('enduser.id', '7'));
  expect(redactField('enduser.id', hashed)).toBe(hashed);
  const kept = { 'user.name': 'x', 'enduser.role': 'admin', 'user.id': hashed };
  expect(redactAttributes(kept)).toBe(kept);
});

test('takes time in proportion to the text, whatever it holds', () => {
  const started = performance.now();
  for (const text of ['x', 'x@', 'x.', '@', 'x@x.', 'bearer ', '4']) redactText(`${text.repeat(200_000)}@ bearer`);
  expect(performance.now() - started).toBeLessThan(2_000);
});
