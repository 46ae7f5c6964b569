import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTelemetry } from '@tracepost/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Breakers, createBreakers } from '../src/breakers.ts';
import { refuseAnswer, ToolError } from '../src/index.ts';
import { createTracedFetch } from '../src/traced-fetch.ts';

const quiet = createTelemetry({ serviceName: 'test' });
const ended: (() => void)[] = [];
let breakers: Breakers;
let lines: string[];

beforeEach(() => {
  lines = [];
  const telemetry = createTelemetry({ serviceName: 'test', terminalLevel: 'info', write: (line) => lines.push(line) });
  breakers = createBreakers(telemetry);
});

afterEach(() => {
  breakers.close();
  for (const end of ended.splice(0)) end();
});

describe('a call that failed', () => {
  it('is worth another try when nobody is there', async () => {
    const url = await serve((_, response) => response.end());
    for (const end of ended.splice(0)) end();
    await expect(get(url)).rejects.toMatchObject({ name: 'ToolError', isRetryable: true, code: 'tool_error' });
  });

  it('is worth another try when no answer came in time, or it broke off', async () => {
    await expect(get(await serve(() => {}), { timeoutMs: 30 })).rejects.toMatchObject({ isRetryable: true });
    const broken = await serve((_, response) => {
      response.write('{"half":');
      response.socket?.destroy();
    });
    await expect(get(broken)).rejects.toMatchObject({ isRetryable: true });
  });

  it('is not when the answer is too large, or sends us elsewhere', async () => {
    const large = await serve((_, response) => response.end('x'.repeat(100)));
    await expect(get(large, { maxBytes: 10 })).rejects.toMatchObject({ isRetryable: false });
    const elsewhere = await serve((_, response) => response.writeHead(302, { location: '/there' }).end());
    await expect(get(elsewhere)).rejects.toMatchObject({ name: 'ToolError', isRetryable: false });
  });

  it('is the reason of whoever cut it off', async () => {
    const aborter = new AbortController();
    const reason = new Error('cancelled');
    const url = await serve(() => aborter.abort(reason));
    await expect(get(url, { signal: aborter.signal })).rejects.toBe(reason);
  });
});

describe('an answer', () => {
  it('tells what it asks for, so that its refusal says when to try again', async () => {
    const url = await serve((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
    const answer = await get(url);
    expect(answer).toMatchObject({ status: 429, retryAfterMs: 7_000 });
    expect(refuseAnswer(answer, 'too many')).toMatchObject({
      isRetryable: true,
      retryAfterMs: 7_000,
      message: 'too many',
    });
    expect(refuseAnswer({ status: 404, retryAfterMs: null }, 'no')).toMatchObject({
      isRetryable: false,
      retryAfterMs: null,
    });
  });
});

describe('a host that fails again and again', () => {
  it('is not asked any more, while others are; the log and the gauge say so', async () => {
    let asked = 0;
    const failing = await serve((_, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    const well = await serve((_, response) => response.end('{}'));
    let refusal: unknown;
    for (let call = 0; call < 30; call++) await get(failing).catch((error: unknown) => (refusal = error));
    expect(asked).toBeLessThanOrEqual(10);
    expect(refusal).toBeInstanceOf(ToolError);
    expect(refusal).toMatchObject({ code: 'dependency_unavailable', isRetryable: true });
    expect((refusal as ToolError).retryAfterMs).toBeGreaterThan(1_000);
    expect((await get(well)).status).toBe(200);
    expect(lines.filter((line) => line.includes('"hopResult":"open"'))).toHaveLength(1);
    expect(lines.find((line) => line.includes('"hopResult":"open"'))).toContain(failing.host);
  });

  it('is told by the gauge of dependencies, with as many names as a gauge can bear', async () => {
    let read: () => readonly { value: number; attributes?: object }[] = () => [];
    const observed = createBreakers({
      ...quiet,
      metrics: {
        ...quiet.metrics,
        observe: (_, ask) => {
          read = ask;
          return () => {};
        },
      },
    });
    const down = observed.of('down.test');
    for (let call = 0; call < 20; call++) {
      await down.run(() => Promise.reject(new ToolError('no answer', { isRetryable: true }))).catch(() => {});
    }
    observed.of('up.test');
    expect(read()).toEqual([
      { value: 0, attributes: { 'tracepost.dependency': 'down.test' } },
      { value: 1, attributes: { 'tracepost.dependency': 'up.test' } },
    ]);
    const names = new Set<string>();
    for (let host = 0; host < 1_000; host++) {
      observed.of(`host-${host}.test`);
      for (const { attributes } of read()) names.add(JSON.stringify(attributes));
    }
    expect(names.size).toBe(50);
    expect(observed.of('down.test')).toBe(down);
  });
});

function get(url: URL, part: { timeoutMs?: number; maxBytes?: number; signal?: AbortSignal } = {}) {
  const fetch = createTracedFetch(quiet, breakers);
  return fetch({ service: 'test', operation: 'get', url, signal: new AbortController().signal, ...part });
}

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
