import type { LogSignal } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { LogQuery, LogStore } from '../signal-stores.ts';
import { at, FAR_TIMES, log, nanos, newSpanId, newTraceId, originOf, unique } from './sample-signals.ts';
import { describeProperties, type Harness, type Property } from './signal-property.ts';

export interface LogStoreSubject {
  readonly store: LogStore;
}

export const LOG_STORE_PROPERTIES: readonly Property<LogStoreSubject>[] = [
  {
    title: 'nothing is found where nothing was written',
    async run({ store }) {
      expect(await store.queryLogs(query({ traceId: newTraceId() }))).toEqual([]);
      expect(await store.queryLogs(query({ taskId: unique('task') }))).toEqual([]);
      expect(await store.queryLogs(query({ service: unique('service') }))).toEqual([]);
      expect(await store.queryLogs(query({ text: unique('text') }))).toEqual([]);
    },
  },
  {
    title: 'a line comes back whole, its ids in fields of their own',
    async run({ store }) {
      const [service, traceId, spanId, taskId] = [unique('service'), newTraceId(), newSpanId(), unique('task')];
      const written = log({
        origin: originOf(service),
        timeUnixNano: nanos(250),
        severityNumber: 13,
        body: 'the "queue" is\nslow \\ 日本 🦊',
        traceId,
        spanId,
        attributes: {
          'tracepost.task.id': taskId,
          'tracepost.agent.id': 'weather',
          'tracepost.correlation.id': 'c-1',
          hopName: 'wait',
          durationMs: 12.5,
          retried: false,
          tags: ['a', 'b'],
        },
      });
      expect(await store.writeLogs([written])).toEqual({ status: 'taken', refused: [] });
      expect(await store.queryLogs(query({ traceId }))).toEqual([
        {
          at: '2026-11-21T09:00:00.250Z',
          level: 'warn',
          service,
          message: 'the "queue" is\nslow \\ 日本 🦊',
          traceId,
          spanId,
          taskId,
          agentId: 'weather',
          correlationId: 'c-1',
          attributes: { hopName: 'wait', durationMs: 12.5, retried: false, tags: ['a', 'b'] },
        },
      ]);
    },
  },
  {
    title: 'a line without ids has null for each, and an empty body is an empty message',
    async run({ store }) {
      const service = unique('service');
      await store.writeLogs([log({ origin: originOf(service), body: '' })]);
      const [found] = await store.queryLogs(query({ service }));
      expect(found).toMatchObject({
        message: '',
        traceId: null,
        spanId: null,
        taskId: null,
        agentId: null,
        correlationId: null,
        attributes: {},
      });
    },
  },
  {
    title: 'a body that is not text becomes its JSON',
    async run({ store }) {
      const service = unique('service');
      await store.writeLogs([log({ origin: originOf(service), body: { event: 'x', list: [1, null, true] } })]);
      const [found] = await store.queryLogs(query({ service }));
      expect(found?.message).toBe('{"event":"x","list":[1,null,true]}');
    },
  },
  {
    title: 'lines of a trace come oldest first, from every service, and no others',
    async run({ store }) {
      const traceId = newTraceId();
      const neighbour = traceId.slice(0, 16) + newTraceId().slice(16);
      await store.writeLogs([
        log({ traceId, timeUnixNano: nanos(30), body: 'third', origin: originOf(unique('service')) }),
        log({ traceId, timeUnixNano: nanos(10), body: 'first', origin: originOf(unique('service')) }),
        log({ traceId: neighbour, timeUnixNano: nanos(15), body: 'of another trace' }),
        log({ traceId: null, timeUnixNano: nanos(16), body: 'of no trace' }),
        log({ traceId, timeUnixNano: nanos(20), body: 'second', severityNumber: 17 }),
        log({ traceId, timeUnixNano: nanos(3_600_000), body: 'an hour later' }),
      ]);
      expect(await messages(store, { traceId })).toEqual(['first', 'second', 'third', 'an hour later']);
    },
  },
  {
    title: 'lines of a task come oldest first, with and without a trace',
    async run({ store }) {
      const taskId = unique('task');
      const attributes = { 'tracepost.task.id': taskId };
      await store.writeLogs([
        log({ attributes, timeUnixNano: nanos(20), body: 'second', traceId: newTraceId() }),
        log({ attributes, timeUnixNano: nanos(10), body: 'first' }),
        log({ attributes: { 'tracepost.task.id': `${taskId}x` }, timeUnixNano: nanos(15), body: 'of another task' }),
      ]);
      expect(await messages(store, { taskId })).toEqual(['first', 'second']);
    },
  },
  {
    title: 'lines of an agent come newest first, by themselves and with other conditions',
    async run({ store }) {
      const [agentId, service, taskId] = [unique('agent'), unique('service'), unique('task')];
      const line = (ms: number, body: string, attributes: LogSignal['attributes'] = {}) =>
        log({
          origin: originOf(service),
          timeUnixNano: nanos(ms),
          body,
          attributes: { 'tracepost.agent.id': agentId, ...attributes },
        });
      await store.writeLogs([
        line(10, 'old'),
        line(30, 'new', { 'tracepost.task.id': taskId }),
        line(20, 'between'),
        line(40, 'of another agent', { 'tracepost.agent.id': `${agentId}x`, 'tracepost.task.id': taskId }),
        log({ origin: originOf(service), timeUnixNano: nanos(50), body: 'of no agent' }),
      ]);
      expect(await messages(store, { agentId })).toEqual(['new', 'between', 'old']);
      expect(await messages(store, { agentId, limit: 2 })).toEqual(['new', 'between']);
      expect(await messages(store, { agentId, service, text: 'E', limit: 1 })).toEqual(['new']);
      expect(await messages(store, { agentId, taskId })).toEqual(['new']);
      expect(await messages(store, { agentId: agentId.toUpperCase() })).toEqual([]);
    },
  },
  {
    title: 'lines of a service come newest first',
    async run({ store }) {
      const service = unique('service');
      await store.writeLogs([
        log({ origin: originOf(service), timeUnixNano: nanos(10), body: 'old' }),
        log({ origin: originOf(service), timeUnixNano: nanos(30), body: 'new', traceId: newTraceId() }),
        log({ origin: originOf(`${service}x`), timeUnixNano: nanos(40), body: 'of another service' }),
        log({ origin: originOf(service), timeUnixNano: nanos(20), body: 'between', severityNumber: 17 }),
      ]);
      expect(await messages(store, { service })).toEqual(['new', 'between', 'old']);
    },
  },
  {
    title: 'a level asks for itself and those above',
    async run({ store }) {
      const service = unique('service');
      const severities = [1, 5, 8, 9, 12, 13, 16, 17, 24];
      await store.writeLogs(
        severities.map((severityNumber, index) =>
          log({
            origin: originOf(service),
            severityNumber,
            severityText: '',
            body: String(severityNumber),
            timeUnixNano: nanos(100 - index),
          }),
        ),
      );
      const expected = { debug: severities, info: [9, 12, 13, 16, 17, 24], warn: [13, 16, 17, 24], error: [17, 24] };
      for (const level of ['debug', 'info', 'warn', 'error'] as const) {
        expect(await messages(store, { service, level })).toEqual(expected[level].map(String));
      }
    },
  },
  {
    title: 'a text is looked for anywhere in the message, in either case, and means nothing but itself',
    async run({ store }) {
      const service = unique('service');
      const lines = [
        'Timeout after 5 s',
        'a TIMEOUT',
        'all well',
        '100 % done',
        'ÜBER uns',
        'a.b',
        'a*b',
        'x\ny/z"q\\',
        'zero\0byte',
        'tab\tend\r\nnext\rlast',
      ];
      await store.writeLogs(
        lines.map((body, index) => log({ origin: originOf(service), body, timeUnixNano: nanos(100 - index) })),
      );
      const found = (text: string) => messages(store, { service, text });
      expect(await found('timeout')).toEqual(['Timeout after 5 s', 'a TIMEOUT']);
      expect(await found('% D')).toEqual(['100 % done']);
      expect(await found('über')).toEqual(['ÜBER uns']);
      expect(await found('a.b')).toEqual(['a.b']);
      expect(await found('a*b')).toEqual(['a*b']);
      expect(await found('Y/Z"Q\\')).toEqual(['x\ny/z"q\\']);
      expect(await found('byte')).toEqual(['zero\uFFFDbyte']);
      expect(await found('TAB\tEND\nnext')).toEqual(['tab\tend\nnext\nlast']);
      for (const nowhere of ['.*', '%%', '_', '[a-z]', '(', '^', '") |> yield()', '/ |> yield()']) {
        expect(await found(nowhere)).toEqual([]);
      }
    },
  },
  {
    title: 'conditions are joined by and',
    async run({ store }) {
      const [service, traceId] = [unique('service'), newTraceId()];
      const line = (fields: Partial<LogSignal>) => log({ origin: originOf(service), traceId, ...fields });
      await store.writeLogs([
        line({ timeUnixNano: nanos(1), body: 'slow answer', severityNumber: 13 }),
        line({ timeUnixNano: nanos(2), body: 'slow answer' }),
        line({ timeUnixNano: nanos(3), body: 'quick answer', severityNumber: 13 }),
        line({ timeUnixNano: nanos(4), body: 'slow answer', severityNumber: 13, traceId: newTraceId() }),
        line({ timeUnixNano: nanos(5), body: 'slow answer', severityNumber: 13, origin: originOf(`${service}x`) }),
      ]);
      const found = await store.queryLogs(query({ service, traceId, level: 'warn', text: 'SLOW' }));
      expect(found.map((view) => view.at)).toEqual([at(1).toISOString()]);
    },
  },
  {
    title: 'a window holds its first instant and not its last',
    async run({ store }) {
      const [service, traceId] = [unique('service'), newTraceId()];
      await store.writeLogs(
        [999, 1000, 1500, 1999, 2000].map((ms) =>
          log({
            origin: originOf(service),
            traceId,
            timeUnixNano: nanos(ms, ms === 1999 ? 999_999 : 0),
            body: String(ms),
          }),
        ),
      );
      const window = { from: at(1000), to: at(2000) };
      expect(await messages(store, { service, ...window })).toEqual(['1999', '1500', '1000']);
      expect(await messages(store, { traceId, ...window })).toEqual(['1000', '1500', '1999']);
      expect(await messages(store, { service, from: at(2000), to: at(2000) })).toEqual([]);
    },
  },
  {
    title: 'a time that no store reaches to is one in which nothing was written',
    async run({ store }) {
      const service = unique('service');
      await store.writeLogs([log({ origin: originOf(service), timeUnixNano: nanos(1) })]);
      for (const [from, to] of FAR_TIMES)
        expect(await store.queryLogs(query({ service, from: new Date(from), to: new Date(to) }))).toEqual([]);
      const always = { from: new Date('0001-01-01'), to: new Date('9999-12-31') };
      expect(await store.queryLogs(query({ service, ...always }))).toHaveLength(1);
    },
  },
  {
    title: 'a limit keeps the first lines of the order',
    async run({ store }) {
      const [service, traceId] = [unique('service'), newTraceId()];
      await store.writeLogs(
        Array.from({ length: 20 }, (_, index) =>
          log({
            origin: originOf(service),
            traceId: index % 2 === 0 ? traceId : newTraceId(),
            // Levels take turns, and so do the places where a store may keep them.
            severityNumber: 5 + 4 * (index % 4),
            timeUnixNano: nanos(index * 700),
            body: `line ${index}`,
          }),
        ),
      );
      expect(await messages(store, { service, limit: 3 })).toEqual(['line 19', 'line 18', 'line 17']);
      expect(await messages(store, { traceId, limit: 3 })).toEqual(['line 0', 'line 2', 'line 4']);
      expect(await messages(store, { service, text: 'line 1', limit: 2 })).toEqual(['line 19', 'line 18']);
      expect(await messages(store, { traceId, text: 'line 1', limit: 2 })).toEqual(['line 10', 'line 12']);
    },
  },
  {
    title: 'an empty line among others leaves to each of them its own message, whatever the limit',
    async run({ store }) {
      const service = unique('service');
      const bodies = ['a', 'b', '', 'd', '', 'f'];
      const severities = [9, 17, 9, 21, 13, 1];
      await store.writeLogs(
        bodies.map((body, index) =>
          log({
            origin: originOf(service),
            timeUnixNano: nanos(index),
            severityNumber: severities[index] ?? 9,
            body,
          }),
        ),
      );
      for (let limit = 1; limit <= bodies.length; limit++) {
        const found = await store.queryLogs(query({ service, limit }));
        expect(found.map(({ message }) => message)).toEqual(bodies.toReversed().slice(0, limit));
      }
    },
  },
  {
    title: 'lines of one instant are all kept, whatever makes them differ',
    async run({ store }) {
      const [service, traceId, spanId] = [unique('service'), newTraceId(), newSpanId()];
      const line = (fields: Partial<LogSignal>) => log({ origin: originOf(service), traceId, spanId, ...fields });
      await store.writeLogs([
        line({ body: 'one' }),
        line({ body: 'two' }),
        line({ body: 'one', spanId: newSpanId() }),
        line({ body: 'one', attributes: { hopName: 'auth' } }),
        line({ body: 'one', attributes: { hopName: 'validate' } }),
        line({ body: 'one', severityNumber: 17 }),
      ]);
      const found = await store.queryLogs(query({ traceId }));
      expect(found).toHaveLength(6);
      expect(new Set(found.map((view) => view.at))).toEqual(new Set([at(0).toISOString()]));
    },
  },
  {
    title: 'writing a batch twice changes nothing',
    async run({ store }) {
      const [service, traceId] = [unique('service'), newTraceId()];
      const batch = Array.from({ length: 10 }, (_, index) =>
        log({ origin: originOf(service), traceId, timeUnixNano: nanos(index), body: `line ${index}` }),
      );
      await store.writeLogs(batch);
      expect(await store.writeLogs([...batch, ...batch])).toEqual({ status: 'taken', refused: [] });
      expect(await messages(store, { traceId })).toEqual(batch.map(({ body }) => body));
    },
  },
  {
    title: 'ids are data, whatever they hold',
    async run({ store }) {
      const taskId = `${unique('task')}'"\\) |> drop() --`;
      await store.writeLogs([log({ attributes: { 'tracepost.task.id': taskId }, body: 'found' })]);
      expect(await messages(store, { taskId })).toEqual(['found']);
      expect(await messages(store, { service: `x" or true or "` })).toEqual([]);
    },
  },
  {
    title: 'what no store can keep is refused by count, and harms no other',
    async run({ store }) {
      const service = unique('service');
      const answer = await store.writeLogs([
        log({ origin: originOf(service), body: 'good' }),
        log({ origin: originOf(service), timeUnixNano: 2n ** 64n - 1n }),
      ]);
      expect(answer).toEqual({ status: 'taken', refused: [{ signal: 'logs', reason: 'invalid_time', count: 1 }] });
      expect(await messages(store, { service })).toEqual(['good']);
    },
  },
  {
    title: 'an empty batch is taken',
    async run({ store }) {
      expect(await store.writeLogs([])).toEqual({ status: 'taken', refused: [] });
    },
  },
  {
    title: 'ping resolves while the store answers',
    async run({ store }) {
      await store.ping();
    },
  },
];

export function describeLogStoreContract(name: string, createHarness: () => Promise<Harness<LogStoreSubject>>): void {
  describeProperties(`${name} as a log store`, LOG_STORE_PROPERTIES, createHarness);
}

function query(fields: Partial<LogQuery>): LogQuery {
  return { from: at(-1000), to: at(24 * 3_600_000), limit: 100, ...fields };
}

async function messages(store: LogStore, fields: Partial<LogQuery>): Promise<string[]> {
  return (await store.queryLogs(query(fields))).map(({ message }) => message);
}
