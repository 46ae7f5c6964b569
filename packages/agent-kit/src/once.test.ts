import type { EffectKey, EffectOutcome } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { RetryLater, ToolError } from './failures.ts';
import { createOnce, type OnceParts } from './once.ts';

const { logger } = createTelemetry({ serviceName: 'test' });

let effects: Map<string, { state: 'begun' | 'done'; result?: unknown; since: string }>;

beforeEach(() => {
  effects = new Map();
});

describe('an effect', () => {
  it('runs once over all attempts, and gives the same result each time', async () => {
    const effect = vi.fn(async () => ({ invoice: 7, at: new Date(0) }));
    const first = await once()('invoice', effect);
    expect(first).toEqual({ invoice: 7, at: '1970-01-01T00:00:00.000Z' });
    expect(await once()('invoice', effect)).toEqual(first);
    expect(effect).toHaveBeenCalledTimes(1);
  });

  it('asked for twice at the same time runs once, and both have its result', async () => {
    const effect = vi.fn(async () => 'sent');
    const same = once();
    expect(await Promise.all([same('mail', effect), same('mail', effect)])).toEqual(['sent', 'sent']);
    expect(effect).toHaveBeenCalledTimes(1);
  });

  it('is one for each task, or one for all tasks of the agent', async () => {
    const effect = vi.fn(async () => null);
    await once({ taskId: 'a' })('mail', effect);
    await once({ taskId: 'b' })('mail', effect);
    expect(effect).toHaveBeenCalledTimes(2);
    await once({ taskId: 'a' })('mail', effect, { scope: 'agent' });
    await once({ taskId: 'b' })('mail', effect, { scope: 'agent' });
    expect(effect).toHaveBeenCalledTimes(3);
  });

  it('that throws did not happen and may run again', async () => {
    await expect(once()('mail', () => Promise.reject(new Error('no such address')))).rejects.toThrow('no such address');
    expect(await once()('mail', async () => 'sent')).toBe('sent');
  });

  it.each<[string, Error, AbortSignal?]>([
    ['says that it may have happened', new ToolError('no answer', { mayHaveHappened: true })],
    ['ran out of its own time', new DOMException('too late', 'TimeoutError')],
    ['was cut off by the end of its attempt', new Error('socket closed'), AbortSignal.abort()],
  ])('that %s is not simply done again', async (_what, error, aborted) => {
    const signal = new AbortController();
    const failing = once({ signal: signal.signal })('mail', async () => {
      if (aborted) signal.abort();
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    const again = vi.fn(async () => 'sent');
    await expect(once()('mail', again)).rejects.toMatchObject({ code: 'effect_uncertain', isRetryable: false });
    expect(again).not.toHaveBeenCalled();
  });

  it('is not begun when it cannot be noted down, and the task tries again later', async () => {
    const effect = vi.fn(async () => 'sent');
    const away = { ...services(), beginEffect: () => Promise.reject(new Error('the store is away')) };
    await expect(once({ services: away })('mail', effect)).rejects.toBeInstanceOf(RetryLater);
    expect(effect).not.toHaveBeenCalled();
  });

  it('that happened counts, also when that cannot be noted down', async () => {
    const away = { ...services(), endEffect: () => Promise.reject(new Error('the store is away')) };
    expect(await once({ services: away })('mail', async () => 'sent')).toBe('sent');
    await expect(once()('mail', async () => 'sent')).rejects.toMatchObject({ code: 'effect_uncertain' });
  });

  it('with a result that cannot be kept happened all the same, and says what is wrong', async () => {
    const effect = vi.fn(async () => 1n);
    await expect(once()('mail', effect)).rejects.toMatchObject({ code: 'invalid_effect_result' });
    expect(await once()('mail', effect)).toBeNull();
    expect(effect).toHaveBeenCalledTimes(1);
  });

  it('has a key', () => {
    expect(() => once()('', async () => null)).toThrow('1 to 200 characters');
    expect(() => once()('x'.repeat(201), async () => null)).toThrow('1 to 200 characters');
  });
});

describe('an effect that was begun and never ended', () => {
  beforeEach(() => {
    effects.set('task:t|mail', { state: 'begun', since: '2026-11-21T10:00:00.000Z' });
  });

  it('is done again where that does no harm', async () => {
    expect(await once()('mail', async () => 'sent', { onUncertain: 'repeat' })).toBe('sent');
    expect(effects.get('task:t|mail')).toMatchObject({ state: 'done', result: 'sent' });
  });

  it('is looked up where that is possible, and done only when it has not happened', async () => {
    const effect = vi.fn(async () => 'sent');
    expect(await once()('mail', effect, { onUncertain: async () => 'done' })).toBeNull();
    expect(effect).not.toHaveBeenCalled();
    expect(effects.get('task:t|mail')).toMatchObject({ state: 'done' });
    effects.set('task:t|mail', { state: 'begun', since: '2026-11-21T10:00:00.000Z' });
    expect(await once()('mail', effect, { onUncertain: async () => 'not_done' })).toBe('sent');
  });

  it('may be under way in another task of the agent: then it is asked for again later', async () => {
    const since = new Date(Date.now() - 20_000).toISOString();
    effects.set('agent:tester|mail', { state: 'begun', since });
    const asked = once()('mail', async () => 'sent', { scope: 'agent', onUncertain: 'fail' });
    await expect(asked).rejects.toMatchObject({ code: 'retry_later', isRetryable: true });
    effects.set('agent:tester|mail', { state: 'begun', since: new Date(Date.now() - 60_000).toISOString() });
    const later = once()('mail', async () => 'sent', { scope: 'agent' });
    await expect(later).rejects.toMatchObject({ code: 'effect_uncertain' });
  });
});

function once(part: Partial<OnceParts> = {}) {
  return createOnce({
    taskId: 't',
    agentId: 'tester',
    tenantId: 'default',
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    services: services(),
    logger,
    ...part,
  });
}

function services(): OnceParts['services'] {
  const nameOf = ({ scope, key }: EffectKey) => `${scope}|${key}`;
  return {
    tellStep: () => {},
    async beginEffect(effect): Promise<EffectOutcome> {
      const known = effects.get(nameOf(effect));
      if (known?.state === 'done') return { status: 'done', result: known.result };
      if (known) return { status: 'uncertain', since: known.since };
      effects.set(nameOf(effect), { state: 'begun', since: new Date().toISOString() });
      return { status: 'begun' };
    },
    async endEffect({ result, ...effect }) {
      effects.set(nameOf(effect), { state: 'done', result, since: '' });
    },
    async forgetEffect(effect) {
      effects.delete(nameOf(effect));
    },
  };
}
