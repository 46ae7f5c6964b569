import { expect, test } from 'vitest';
import { nearRoutes } from './near-routes.ts';
import { nearWords } from './near-words.ts';

const ROUTES = [
  'GET /api/v1/tasks',
  'GET /api/v1/tasks/{taskId}',
  'POST /api/v1/tasks/{taskId}/cancel',
  'GET /api/v1/traces/{traceId}',
  'GET /api/v1/agents',
  'GET /api/v1/agents/{agentId}',
  'POST /api/v1/agents/{agentId}/notify',
  'GET /health',
  'GET /health/ready',
].map((line) => {
  const [method = '', template = ''] = line.split(' ');
  return { method, template };
});

test.each([
  ['/api/v1/task', 'GET /api/v1/tasks'],
  ['/api/v1/tasks/', 'GET /api/v1/tasks'],
  ['/api/v1/task/0198c0de-0000-7000-8000-000000000000', 'GET /api/v1/tasks/{taskId}'],
  ['/api/v1/agents/weather/notfy', 'POST /api/v1/agents/{agentId}/notify'],
  ['/tasks', 'GET /api/v1/tasks'],
  ['/agents/weather', 'GET /api/v1/agents/{agentId}'],
  ['/healthz', 'GET /health'],
])('near %s is %s', (path, route) => expect(nearRoutes(path, ROUTES)[0]).toBe(route));

test.each(['/', '', '/wp-login.php?x', `/${'x'.repeat(5_000)}`, '/a/b/c/d/e/f/g/h'])('near %s is nothing', (path) =>
  expect(nearRoutes(path, ROUTES)).toEqual([]),
);

test('words are near when few letters differ', () => {
  expect(nearWords('agent', ['agentId', 'status', 'text'], 2)).toEqual(['agentId']);
  expect(nearWords('stauts', ['agentId', 'status', 'text'], 2)).toEqual(['status']);
  expect(nearWords('LIMIT', ['limit'], 1)).toEqual(['limit']);
  expect(nearWords('elephant', ['agentId', 'status'], 2)).toEqual([]);
});
