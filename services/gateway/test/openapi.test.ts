import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { PROBLEM_STATUS } from '../src/index.ts';
import { undocumentedRefusals } from './helpers/documented.ts';
import { WEATHER } from './helpers/open-world.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();

interface Media {
  readonly schema: object;
  readonly examples?: Record<string, { readonly summary: string; readonly value: unknown }>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly examples?: readonly unknown[] };
}
interface Operation {
  readonly summary?: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly headers: Record<string, object>; readonly content?: Record<string, Media> }
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

let document: Document;
beforeAll(async () => {
  document = (await world().get<Document>('/api/v1/openapi.json')).body;
});
const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
const operationOf = (name: string): Operation =>
  operations().find((known) => known.name === name)?.operation as Operation;

test('every operation has a summary, its headers, and an answer that succeeds', () => {
  expect(operations().length).toBeGreaterThan(20);
  for (const { name, operation } of operations()) {
    expect([name, operation.summary]).not.toContain(undefined);
    const headers = operation.parameters.filter((parameter) => parameter.in === 'header').map(({ name: of }) => of);
    expect([name, headers]).toEqual([name, expect.arrayContaining(['x-correlation-id', 'traceparent'])]);
    expect([name, Object.keys(operation.responses).some((status) => status.startsWith('2'))]).toEqual([name, true]);
    for (const [status, answer] of Object.entries(operation.responses))
      expect([name, status, Object.keys(answer.headers ?? {})]).toEqual([
        name,
        status,
        expect.arrayContaining(['x-trace-id', 'x-correlation-id']),
      ]);
  }
  expect(JSON.stringify(document)).not.toContain('x-tracepost');
});

test.each([
  ['POST /api/v1/agents/{agentId}/notify', 'Idempotency-Key'],
  ['GET /api/v1/tasks/{taskId}', 'Prefer'],
  ['GET /api/v1/tasks/{taskId}/events', 'Last-Event-ID'],
  ['GET /api/v1/live', 'Last-Event-ID'],
  ['GET /api/v1/tasks', 'Accept'],
])('%s tells of %s', (name, header) => {
  expect(operationOf(name).parameters.map((parameter) => parameter.name)).toContain(header);
});

test('answers tell of their headers, and streams and exports of their types', () => {
  const { responses } = operationOf('POST /api/v1/agents/{agentId}/notify');
  expect(Object.keys(responses['202']?.headers ?? {})).toContain('Location');
  expect(Object.keys(responses['503']?.headers ?? {})).toContain('Retry-After');
  const typesOf = (name: string) => Object.keys(operationOf(name).responses['200']?.content ?? {});
  expect(typesOf('GET /api/v1/tasks')).toEqual(['application/json', 'application/x-ndjson', 'text/csv']);
  expect(typesOf('GET /api/v1/live')).toEqual(['text/event-stream']);
  expect(Object.keys(operationOf('POST /api/v1/artifacts').requestBody?.content ?? {})).toContain('image/png');
});

test('every code is told by some route, but for those that no route can answer', () => {
  const told = JSON.stringify(operations().map(({ operation }) => operation.responses));
  const untold = Object.keys(PROBLEM_STATUS).filter((code) => !told.includes(`"${code}"`));
  expect(untold).toEqual(['METHOD_NOT_ALLOWED', 'NOT_FOUND']);
});

describe('examples', () => {
  test('fit their schemas', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: '/document', components: document.components });
    const fits = (schema: object, value: unknown): boolean =>
      ajv.validate(
        JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"/document#/components')) as object,
        value,
      );
    let count = 0;
    for (const { name, operation } of operations()) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses)];
      for (const media of bodies.flatMap((body) => Object.values(body?.content ?? {})))
        for (const { summary, value } of Object.values(media.examples ?? {})) {
          count++;
          expect([name, summary, fits(media.schema, value), ajv.errorsText()]).toEqual([
            name,
            summary,
            true,
            'No errors',
          ]);
        }
      for (const parameter of operation.parameters)
        for (const example of parameter.schema.examples ?? [])
          expect([name, parameter.name, fits(parameter.schema, example)]).toEqual([name, parameter.name, true]);
    }
    expect(count).toBeGreaterThan(50);
  });

  test('of a notification are taken as they stand', async () => {
    const schema = { anyOf: [{ required: ['location'] }, { required: ['latitude', 'longitude'] }] };
    const [forecast] = WEATHER.notificationTypes;
    await world().announce({
      ...WEATHER,
      at: new Date().toISOString(),
      notificationTypes: [{ type: 'weather.forecast', description: forecast?.description ?? '', schema }],
    });
    const media = operationOf('POST /api/v1/agents/{agentId}/notify').requestBody?.content['application/json'];
    const examples = Object.values(media?.examples ?? {});
    expect(examples.length).toBeGreaterThan(1);
    for (const { value } of examples) expect(await world().notify(value)).toMatchObject({ status: 202 });
  });
});

test('a refusal that the document does not tell of is noticed', () => {
  const line = { method: 'GET', route: '/api/v1/agents', code: 'QUEUE_FULL' };
  expect(
    undocumentedRefusals(document, [line, { ...line, code: 'INTERNAL_ERROR' }, { message: 'another line' }]),
  ).toEqual(['GET /api/v1/agents QUEUE_FULL']);
});
