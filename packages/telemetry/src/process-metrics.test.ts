import { describe, expect, it } from 'vitest';
import type { Metrics } from './metrics.ts';
import { observeProcess } from './process-metrics.ts';

type Read = () => readonly { readonly value: number }[];

describe('the process', () => {
  it('is seen by its uptime, memory, CPU and event loop, in base units', () => {
    const { read, end } = given();
    const begin = process.cpuUsage().user + process.cpuUsage().system;
    // Work, so that there is something to see.
    while (process.cpuUsage().user + process.cpuUsage().system - begin < 50_000);
    expect(read('process.uptime')).toBeCloseTo(process.uptime(), 0);
    expect(read('process.memory.usage')).toBeGreaterThan(10_000_000);
    expect(read('process.cpu.utilization')).toBeGreaterThan(0.05);
    expect(read('process.cpu.utilization')).toBeLessThan(50);
    expect(read('nodejs.eventloop.utilization')).toBeGreaterThan(0);
    expect(read('nodejs.eventloop.utilization')).toBeLessThanOrEqual(1);
    end();
  });

  it('whose loop was held up shows by how long, once', async () => {
    const { read, end } = given();
    // The monitor needs a first tick after each look, from which it measures.
    read('nodejs.eventloop.delay.min');
    await turn();
    const until = performance.now() + 200;
    while (performance.now() < until);
    await turn();
    expect(read('nodejs.eventloop.delay.min')).toBeLessThan(0.1);
    for (const name of ['p99', 'max']) expect(read(`nodejs.eventloop.delay.${name}`), name).toBeGreaterThan(0.1);
    expect(read('nodejs.eventloop.delay.stddev')).toBeGreaterThan(0.01);
    await turn();
    read('nodejs.eventloop.delay.min');
    for (const name of ['p99', 'max']) expect(read(`nodejs.eventloop.delay.${name}`), name).toBeLessThan(0.1);
    end();
  });

  it('is not looked at any more after the end', () => {
    const { observed, end } = given();
    expect([...observed.keys()]).toHaveLength(11);
    end();
    expect([...observed.keys()]).toEqual([]);
  });
});

/** Long enough for the monitor, which looks every 20 ms. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

function given() {
  const observed = new Map<string, Read>();
  const metrics: Metrics = {
    add: () => {},
    record: () => {},
    observe: (name, read) => {
      observed.set(name, read);
      return () => observed.delete(name);
    },
  };
  const end = observeProcess({ metrics });
  return { observed, end, read: (name: string) => observed.get(name)?.()[0]?.value ?? Number.NaN };
}
