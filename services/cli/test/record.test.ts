import type { EventAccepted, EventList } from '@tracepost/contracts';
import { until as waitUntil } from '@tracepost/testing';
import { describe, expect, it, vi } from 'vitest';
import { useTracepost } from './use-tracepost.ts';

vi.setConfig({ testTimeout: 120_000 });
const tracepost = useTracepost();
const { run, json } = tracepost;

const eventsOf = (source: string) =>
  waitUntil(
    async () => {
      const answer = await fetch(`${tracepost.url()}/api/v1/events?source=${source}`);
      const { items } = (await answer.json()) as EventList;
      return items.length > 0 && items;
    },
    { timeoutMs: 60_000 },
  );

describe('tracepost record', () => {
  it('tells of an event with all that goes with it, and the same id again changes nothing', async () => {
    const words = ['--id', 'e-1', '--source', 'cli-event', '--severity', 'error', '--correlation', 'order-1'];
    const args = ['record', 'event', 'COMMAND', '{"pay":1}', ...words, '--at', '2026-11-21T09:00:00Z'];
    expect(await json<EventAccepted>(...args)).toEqual({
      exit: 0,
      eventId: 'e-1',
      timestamp: '2026-11-21T09:00:00.000Z',
    });
    const { exit, stdout } = await run(...args);
    expect([exit, stdout]).toEqual([0, expect.stringContaining('recorded e-1')]);
    expect(await eventsOf('cli-event')).toMatchObject([
      { eventId: 'e-1', type: 'COMMAND', data: { pay: 1 }, severity: 'error', correlationId: 'order-1' },
    ]);
  });

  it('tells of a value, under its own name when no source is said', async () => {
    await json(
      'record',
      'metric',
      'cli.duration',
      '12.5',
      '--kind',
      'gauge',
      '--unit',
      'ms',
      '--attributes',
      '{"a":1}',
    );
    const [event] = await eventsOf('tracepost-cli');
    const sample = { name: 'cli.duration', value: 12.5, kind: 'gauge', unit: 'ms', attributes: { a: '1' } };
    expect(event).toMatchObject({ type: 'METRIC', data: sample });
  });

  it('says what is wrong', async () => {
    const refused = await run('record', 'metric', 'cli.duration', 'many');
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('/value')]);
    for (const args of [
      ['event', 'COMMAND'],
      ['thing', 'a', '1'],
      ['event', 'COMMAND', '{'],
      ['event', 'COMMAND', '{}', '--kind', 'gauge'],
      ['metric', 'a', '1', '--severity', 'error'],
      ['metric', 'a', '1', '--attributes', '{'],
      ['metric', 'a', '1', '--kind', 'sum'],
    ])
      expect([args, (await run('record', ...args)).exit]).toEqual([args, 2]);
  });
});
