import { type AgentAnnouncement, WORKER_SILENT_AFTER_MS } from '@tracepost/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { type AgentDirectory, createAgentDirectory } from '../src/agents/agent-directory.ts';
import { checkAgents } from '../src/health/checks.ts';

let nowMs: number;
let agents: AgentDirectory;
beforeEach(() => {
  nowMs = Date.parse('2026-11-21T09:00:00.000Z');
  agents = createAgentDirectory({ now: () => nowMs });
});

const announcement = (rest: Partial<AgentAnnouncement> = {}): AgentAnnouncement => ({
  agentId: 'weather',
  description: 'Forecasts',
  version: '1.0.0',
  workerId: 'w1',
  capacity: 4,
  state: 'running',
  at: new Date(nowMs).toISOString(),
  notificationTypes: [{ type: 'weather.forecast', description: '', schema: {} }],
  ...rest,
});

test('capacity is summed over the running workers', () => {
  agents.apply(announcement());
  agents.apply(announcement({ workerId: 'w2', capacity: 3 }));
  agents.apply(announcement({ workerId: 'w3', capacity: 5, state: 'stopped' }));
  expect(agents.get('weather')).toMatchObject({ status: 'running', capacity: 7, queue: 'agent.weather' });
  expect(agents.get('weather')?.workers.map((worker) => worker.state)).toEqual(['running', 'running', 'stopped']);
});

test('a worker that has not been heard of for long is silent, and an agent of silent workers is stopped', () => {
  agents.apply(announcement());
  nowMs += WORKER_SILENT_AFTER_MS;
  expect(agents.get('weather')?.status).toBe('running');
  nowMs += 1;
  expect(agents.get('weather')).toMatchObject({ status: 'stopped', capacity: 0, workers: [{ state: 'silent' }] });
  agents.apply(announcement());
  expect(agents.get('weather')?.status).toBe('running');
});

test('an older announcement changes nothing', () => {
  const old = announcement({ version: '0.9.0' });
  nowMs += 1_000;
  agents.apply(announcement({ version: '1.0.0', state: 'stopped' }));
  expect(agents.apply(old)).toBe(false);
  expect(agents.get('weather')).toMatchObject({ version: '1.0.0', status: 'stopped' });
});

test('a worker that goes does not speak for those that stay', () => {
  agents.apply(announcement());
  nowMs += 1_000;
  const types = [{ type: 'weather.history', description: '', schema: {} }];
  agents.apply(announcement({ workerId: 'w2', version: '2.0.0', notificationTypes: types }));
  nowMs += 1_000;
  agents.apply(announcement({ state: 'stopped' }));
  expect(agents.get('weather')).toMatchObject({
    version: '2.0.0',
    status: 'running',
    lastSeenAt: new Date(nowMs).toISOString(),
  });
  expect(agents.typeNames('weather')).toEqual(['weather.history']);
  nowMs += 1_000;
  agents.apply(announcement({ workerId: 'w2', version: '2.0.0', notificationTypes: types, state: 'stopped' }));
  expect(agents.get('weather')).toMatchObject({ version: '2.0.0', status: 'stopped' });
});

test('a goodbye in the millisecond of the last word counts', () => {
  agents.apply(announcement());
  expect(agents.apply(announcement({ state: 'stopped' }))).toBe(true);
  expect(agents.apply(announcement())).toBe(false);
  expect(agents.get('weather')?.status).toBe('stopped');
});

test('the types are those of the newest announcement of any worker', () => {
  agents.apply(announcement());
  nowMs += 1_000;
  const types = [{ type: 'weather.alert', description: '', schema: {} }];
  agents.apply(announcement({ workerId: 'w2', version: '2.0.0', notificationTypes: types }));
  expect(agents.typeNames('weather')).toEqual(['weather.alert']);
  expect(agents.findType('weather', 'weather.forecast')).toBeUndefined();
  expect(agents.get('weather')?.version).toBe('2.0.0');
});

test('a thousand agents are remembered, and the next is not', () => {
  for (let index = 0; index < 1_001; index++) agents.apply(announcement({ agentId: `a${index}` }));
  expect(agents.ids()).toHaveLength(1_000);
  expect(agents.has('a1000')).toBe(false);
});

test('of more than a thousand workers the one silent for longest is forgotten', () => {
  for (let index = 0; index < 1_001; index++) agents.apply(announcement({ workerId: `w${index}` }));
  const workers = agents.get('weather')?.workers.map((worker) => worker.workerId);
  expect(workers).toHaveLength(1_000);
  expect(workers).not.toContain('w0');
  expect(workers).toContain('w1000');
});

describe('a worker whose clock is far ahead', () => {
  const ahead = (rest: Partial<AgentAnnouncement> = {}) =>
    announcement({ at: new Date(nowMs + 3_600_000).toISOString(), ...rest });

  test('counts as of the moment when it is heard, and does not win for ever', () => {
    agents.apply(ahead({ version: '9.0.0' }));
    expect(agents.get('weather')).toMatchObject({ status: 'running', lastSeenAt: new Date(nowMs).toISOString() });
    nowMs += 1_000;
    // Its clock was put right.
    expect(agents.apply(announcement({ version: '1.0.1' }))).toBe(true);
    expect(agents.get('weather')?.version).toBe('1.0.1');
    nowMs += WORKER_SILENT_AFTER_MS + 1;
    expect(agents.get('weather')?.status).toBe('stopped');
  });

  test('is believed when it differs by less than a minute', () => {
    const at = new Date(nowMs + 59_000).toISOString();
    agents.apply(announcement({ at }));
    expect(agents.get('weather')?.lastSeenAt).toBe(at);
  });

  test('is known from the store as one that is silent, however often the store is read', () => {
    const stored = ahead();
    expect(agents.apply(stored, { isStored: true })).toBe(true);
    const first = agents.get('weather');
    expect(first).toMatchObject({ status: 'stopped', workers: [{ state: 'silent' }] });
    nowMs += 30_000;
    expect(agents.apply(stored, { isStored: true })).toBe(false);
    expect(agents.get('weather')?.lastSeenAt).toBe(first?.lastSeenAt);
    agents.apply(announcement());
    expect(agents.apply(stored, { isStored: true })).toBe(false);
    expect(agents.get('weather')).toMatchObject({ status: 'running', lastSeenAt: new Date(nowMs).toISOString() });
  });
});

describe('the check of agents', () => {
  const check = () => checkAgents(agents, nowMs);

  test('is degraded while one that was heard of lately does not run', () => {
    agents.apply(announcement());
    agents.apply(announcement({ agentId: 'bg-remover', state: 'stopped' }));
    expect(check()).toEqual({ status: 'degraded', message: 'without a running worker: bg-remover' });
  });

  test('does not mind agents of the past', () => {
    agents.apply(announcement({ agentId: 'old', state: 'stopped' }));
    nowMs += 86_400_001;
    agents.apply(announcement());
    expect(check()).toEqual({ status: 'healthy', message: '1 running; 1 not heard of for more than a day' });
  });

  test('is degraded when none runs at all', () => {
    expect(check().status).toBe('degraded');
    agents.apply(announcement({ state: 'stopped' }));
    nowMs += 86_400_001;
    expect(check()).toEqual({ status: 'degraded', message: '0 running; 1 not heard of for more than a day' });
  });
});
