import type { LogSignal } from '@tracepost/contracts';
import { describe, expect, test } from 'vitest';
import { toLine } from './log-lines.ts';

const NOON = BigInt(Date.parse('2026-11-21T12:00:00.000Z')) * 1_000_000n;

describe('a log line in line protocol', () => {
  test('has three tags, everything else as fields, and no field for what it does not have', () => {
    const line = toLine(log({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', body: 'a "line"' }));
    expect(line.slice(0, line.lastIndexOf(' '))).toBe(
      'logs,service.name=tracepost-agents,severity=info,tp=4 body="a \\"line\\"",trace_id="4bf92f3577b34da6a3ce929d0e0e4736"',
    );
    expect(toLine(log({}))).not.toMatch(/tp=|_id=|attributes=/);
  });

  test('is moved within its millisecond by what it says, always to the same place', () => {
    const times = ['one', 'two', 'three'].map((body) => timeOf(toLine(log({ body }))));
    expect(new Set(times).size).toBe(3);
    for (const time of times) expect(time / 1_000_000n).toBe(NOON / 1_000_000n);
    expect(timeOf(toLine(log({ body: 'one' })))).toBe(times[0]);
  });

  test('with a finer time is moved by less than a microsecond, and never into the next millisecond', () => {
    for (const body of ['one', 'two', 'three', 'four', 'five']) {
      expect(timeOf(toLine(log({ body, timeUnixNano: NOON + 5n }))) - NOON).toBeLessThan(1005n);
      const last = timeOf(toLine(log({ body, timeUnixNano: NOON + 999_999n })));
      expect(last / 1_000_000n).toBe(NOON / 1_000_000n);
    }
  });
});

function timeOf(line: string): bigint {
  return BigInt(line.slice(line.lastIndexOf(' ') + 1));
}

function log(fields: Partial<LogSignal>): LogSignal {
  return {
    origin: { service: 'tracepost-agents', resource: {}, scopeName: '', scopeVersion: '' },
    timeUnixNano: NOON,
    severityNumber: 9,
    severityText: 'info',
    body: 'a line',
    attributes: {},
    traceId: null,
    spanId: null,
    ...fields,
  };
}
