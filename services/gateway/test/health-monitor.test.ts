import { until } from '@tracepost/testing';
import { afterEach, expect, test } from 'vitest';
import {
  type CheckResult,
  type CheckSpec,
  createHealthMonitor,
  type HealthMonitor,
} from '../src/health/health-monitor.ts';

const HEALTHY: CheckResult = { status: 'healthy', message: 'fine' };
const opened: HealthMonitor[] = [];
afterEach(() => {
  for (const monitor of opened.splice(0)) monitor.close();
});

function givenMonitor(specs: CheckSpec[]): HealthMonitor {
  const monitor = createHealthMonitor({ specs, everyMs: 5, timeoutMs: 30 });
  opened.push(monitor);
  monitor.start();
  return monitor;
}

test('everything is unhealthy until it has been looked at', () => {
  const monitor = createHealthMonitor({ specs: [{ name: 'broker', isCritical: true, run: () => HEALTHY }] });
  expect(monitor.status()).toBe('unhealthy');
  expect(monitor.failing().map((check) => check.name)).toEqual(['broker']);
});

test('a check that hangs, throws or rejects is unhealthy in time, and holds no other up', async () => {
  const monitor = givenMonitor([
    { name: 'fine', isCritical: true, run: () => HEALTHY },
    { name: 'hangs', isCritical: false, run: () => new Promise<never>(() => undefined) },
    {
      name: 'throws',
      isCritical: false,
      run: () => {
        throw new Error('no');
      },
    },
    { name: 'rejects', isCritical: false, run: async () => Promise.reject(new Error('away')) },
  ]);
  await until(() => monitor.checks()[1]?.message.includes('did not answer'));
  expect(monitor.checks()).toMatchObject([
    { name: 'fine', status: 'healthy' },
    { name: 'hangs', status: 'unhealthy' },
    { name: 'throws', status: 'unhealthy', message: 'no' },
    { name: 'rejects', status: 'unhealthy', message: 'away' },
  ]);
  expect(monitor.status()).toBe('degraded');
  expect(monitor.failing()).toEqual([]);
});

test('a critical check that fails makes all unhealthy, and one that comes back heals it', async () => {
  let result: CheckResult = HEALTHY;
  const monitor = givenMonitor([{ name: 'broker', isCritical: true, run: () => result }]);
  await until(() => monitor.status() === 'healthy');
  result = { status: 'unhealthy', message: 'unreachable' };
  await until(() => monitor.status() === 'unhealthy');
  expect(monitor.failing()).toMatchObject([{ name: 'broker', message: 'unreachable' }]);
  result = HEALTHY;
  await until(() => monitor.status() === 'healthy');
});

test('sinceMs counts from the last change of the status, not from the last look', async () => {
  let message = 'first';
  const monitor = givenMonitor([{ name: 'disk', isCritical: false, run: () => ({ status: 'degraded', message }) }]);
  await until(() => monitor.checks()[0]?.status === 'degraded');
  await until(() => (monitor.checks()[0]?.sinceMs ?? 0) >= 40);
  message = 'second';
  await until(() => monitor.checks()[0]?.message === 'second');
  expect(monitor.checks()[0]?.sinceMs).toBeGreaterThanOrEqual(40);
});

test('a check with a grace counts only when it has failed for longer', async () => {
  let result: CheckResult = { status: 'unhealthy', message: 'away' };
  const monitor = givenMonitor([{ name: 'records', isCritical: true, graceMs: 60, run: () => result }]);
  await until(() => monitor.checks()[0]?.message === 'away');
  expect(monitor.status()).toBe('degraded');
  expect(monitor.failing()).toEqual([]);
  await until(() => monitor.failing().length === 1);
  expect(monitor.failing()[0]?.sinceMs).toBeGreaterThanOrEqual(60);
  expect(monitor.status()).toBe('unhealthy');
  result = HEALTHY;
  await until(() => monitor.status() === 'healthy');
});

test('what was turned off makes nothing degraded', async () => {
  const monitor = givenMonitor([
    { name: 'fine', isCritical: true, run: () => HEALTHY },
    { name: 'telemetry', isCritical: false, run: () => ({ status: 'off', message: 'as was set' }) },
  ]);
  await until(() => monitor.checks()[1]?.status === 'off');
  await until(() => monitor.status() === 'healthy');
});
