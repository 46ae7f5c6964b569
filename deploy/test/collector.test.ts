import { readFileSync } from 'node:fs';
import { describeWithDocker, type RunningContainer, startContainer, until, useServer } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Queue {
  readonly storage: string;
  readonly sizer: string;
  readonly queue_size: number;
}
interface CollectorFile {
  readonly processors: Readonly<Record<string, { readonly error_mode?: string }>>;
  readonly exporters: Readonly<
    Record<string, { readonly sending_queue: Queue; readonly retry_on_failure: { readonly max_elapsed_time: number } }>
  >;
  readonly service: {
    readonly pipelines: Readonly<Record<string, { readonly processors: string[]; readonly exporters: string[] }>>;
  };
}

const text = readFileSync(new URL('../../otel-collector.yaml', import.meta.url), 'utf8');
const file = parse(text) as CollectorFile;

describe("the collector's file", () => {
  test.each(Object.entries(file.service.pipelines))(
    'limits memory first and redacts in the pipeline of %s',
    (_, pipe) => {
      expect(pipe.processors[0]).toBe('memory_limiter');
      expect(pipe.processors.at(-1)).toBe('redaction');
      // It acknowledges what it only holds in memory.
      expect(pipe.processors).not.toContain('batch');
    },
  );

  test('gives each destination a queue on disk with a limit in bytes, and never gives up', () => {
    for (const exporter of Object.values(file.exporters)) {
      expect(exporter.sending_queue).toMatchObject({ storage: 'file_storage/queue', sizer: 'bytes' });
      expect(exporter.sending_queue.queue_size).toBeGreaterThan(0);
      expect(exporter.retry_on_failure.max_elapsed_time).toBe(0);
    }
  });

  test('lets nothing pass when a statement fails', () => {
    for (const [name, { error_mode }] of Object.entries(file.processors)) {
      if (/^(transform|filter)/.test(name)) expect(error_mode, name).toBe('propagate');
    }
  });
});

/** Planted wherever text can stand. Nothing of them may leave the collector. */
const SECRETS = ['ann@example.org', '4111111111111111', 'Bearer abc.def-123', 'hunter2'];
const [E_MAIL, CARD, BEARER, PASSWORD] = SECRETS as [string, string, string, string];

describeWithDocker('the collector', () => {
  const collector = useServer(startCollector);

  test('masks secrets in spans, logs and metrics, and leaves what only looks like one', async () => {
    await send('traces', {
      resourceSpans: [{ resource: withAttributes(), scopeSpans: [{ scope: { name: E_MAIL }, spans: [span()] }] }],
    });
    await send('logs', { resourceLogs: [{ resource: withAttributes(), scopeLogs: [{ logRecords: [logRecord()] }] }] });
    await send('metrics', {
      resourceMetrics: [{ resource: withAttributes(), scopeMetrics: [{ metrics: [metric()] }] }],
    });

    const seen = await output(['a-span', 'a log line', 'a.metric']);
    for (const secret of SECRETS) expect(seen).not.toContain(secret);
    expect(seen).not.toContain('jane-4711');
    expect(seen.match(/(enduser|user)\.id: Str\(sha256:590166a3ea3b3adf\)/g)).toHaveLength(4);
    expect(seen).toContain('gen_ai.usage.input_tokens: Int(500)');
    expect(seen).toContain('package: Str(pnpm@12.21.0)');
    expect(seen).toContain('http.route: Str(/api/v1/tasks/{taskId})');
  });

  test('tells how full its queues are and what it refused, by its own metrics', async () => {
    const seen = await output(['otelcol_exporter_queue_size', 'otelcol_receiver_refused_spans']);
    expect(seen).toContain('otelcol_exporter_queue_capacity');
    expect(seen).toMatch(/service\.name: Str\(otel-collector\)/);
    expect(seen).toMatch(/service\.instance\.id: Str\(otel-collector\)/);
  });

  async function send(signal: string, body: unknown): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${collector().port(4318)}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status, await answer.text()).toBe(200);
  }

  /** What the debug exporter has printed, once all of these words are in it. */
  async function output(words: readonly string[]): Promise<string> {
    let printed = '';
    const stream = await collector().started.logs();
    stream.on('data', (part: Buffer | string) => {
      printed += String(part);
    });
    await until(async () => words.every((word) => printed.includes(word)), {
      what: `the collector to print ${words}`,
      timeoutMs: 25_000,
    });
    stream.destroy();
    return printed;
  }
});

const string = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function attributes(): unknown[] {
  return [
    string('user.note', `mail ${E_MAIL} card ${CARD}`),
    string('http.request.header.authorization', PASSWORD),
    string('db.password', PASSWORD),
    string('header', BEARER),
    { key: 'card', value: { intValue: CARD } },
    { key: 'list', value: { arrayValue: { values: [{ stringValue: E_MAIL }] } } },
    { key: 'gen_ai.usage.input_tokens', value: { intValue: '500' } },
    string('package', 'pnpm@12.21.0'),
    string('http.route', '/api/v1/tasks/{taskId}'),
  ];
}

function person(): unknown[] {
  return [string('enduser.id', 'jane-4711'), string('user.id', 'jane-4711')];
}

function withAttributes(): unknown {
  return { attributes: [string('service.name', 'test'), ...attributes()] };
}

function span(): unknown {
  const startTimeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  return {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    traceState: `x=${PASSWORD}`,
    name: `a-span ${E_MAIL}`,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano,
    attributes: [...attributes(), ...person()],
    events: [{ name: `event ${E_MAIL}`, timeUnixNano: startTimeUnixNano, attributes: [...attributes(), ...person()] }],
    status: { code: 2, message: `refused ${E_MAIL} with ${BEARER}` },
  };
}

function logRecord(): unknown {
  return {
    timeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
    severityText: E_MAIL,
    body: { stringValue: `a log line of ${E_MAIL} with ${BEARER} and ${CARD}` },
    attributes: attributes(),
  };
}

function metric(): unknown {
  const timeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  return { name: 'a.metric', gauge: { dataPoints: [{ timeUnixNano, asDouble: 1, attributes: attributes() }] } };
}

/** The product's own file, with the container's log as one more destination; the others cannot be reached here. */
function startCollector(): Promise<RunningContainer> {
  const toDebug = ['traces', 'metrics', 'logs'].map(
    (signal) =>
      `--config=yaml:service::pipelines::${signal}::exporters: [${['debug', ...(file.service.pipelines[signal]?.exporters ?? [])]}]`,
  );
  return startContainer({
    image: 'otel/opentelemetry-collector-contrib:0.155.0',
    ports: [4318],
    command: [
      '--config=/etc/tracepost/otel-collector.yaml',
      '--config=yaml:exporters::debug::verbosity: detailed',
      ...toDebug,
    ],
    files: [
      { target: '/etc/tracepost/otel-collector.yaml', content: text },
      { target: '/run/tracepost/ingest-token', content: 'token-of-the-tests' },
    ],
    tmpfs: { '/var/lib/otelcol': 'rw,uid=10001,gid=10001' },
    waitFor: (wait) => wait.forLogMessage(/Everything is ready/),
  });
}
