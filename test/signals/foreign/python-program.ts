import { fileURLToPath } from 'node:url';
import type { LogView, SpanView, TraceView } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { expect, it } from 'vitest';
import { describeWithPython } from '../../foreign/python.ts';
import type { Installation } from '../installations/installation.ts';

const VERSION = '1.45.2';
const PROGRAM = {
  file: fileURLToPath(new URL('./otel_program.py', import.meta.url)),
  packages: [
    `opentelemetry-exporter-otlp-proto-grpc==${VERSION}`,
    `opentelemetry-exporter-otlp-proto-http==${VERSION}`,
  ],
};

const MODES = ['grpc', 'http'] as const;

/** A program of somebody else, pointed at both ways of running, by both protocols: what it sent is what the API shows. */
export function describePythonProgram(installations: Readonly<Record<'embedded' | 'full', () => Installation>>): void {
  const cases = (['embedded', 'full'] as const).flatMap((way) => MODES.map((mode) => ({ way, mode })));

  describeWithPython("a program with OpenTelemetry's Python SDK", PROGRAM, (begin) => {
    it.each(cases)('is seen, $way, over $mode: spans, log lines and metrics', async ({ way, mode }) => {
      const { client, otlpGrpcAddress, otlpHttpUrl } = installations[way]();
      const service = `python-${mode}`;
      const peer = begin(mode, { service, grpc: otlpGrpcAddress, http: otlpHttpUrl });
      const said = await peer.next();
      await peer.ended;
      expect(said.taken).toEqual({ spans: true, metrics: true, logs: true });

      const traceId = said.traceId as string;
      const trace = await until(
        async () => {
          const answer = await client.call(`/api/v1/traces/${traceId}`);
          const found = answer.status === 200 && answer.json<TraceView>();
          return found && found.spans.length === 2 && found;
        },
        { timeoutMs: 20_000, everyMs: 200, what: `the trace of ${service}` },
      );
      expect(trace).toMatchObject({ services: [service], errorCount: 1 });
      const [outer, inner] = trace.spans as [SpanView, SpanView];
      expect(outer).toMatchObject({
        parentSpanId: null,
        name: 'GET /visits',
        kind: 'server',
        attributes: { 'http.request.method': 'GET', flag: true },
      });
      expect(inner).toMatchObject({
        parentSpanId: outer.spanId,
        name: 'look up',
        kind: 'internal',
        status: { code: 'error', message: 'no such visit' },
        attributes: { note: 'of ****' },
        links: [{ traceId, spanId: outer.spanId }],
      });
      expect(inner.events.map(({ name }) => name)).toEqual(['found', 'exception']);
      expect(inner.events[1]?.attributes).toMatchObject({ 'exception.type': 'ValueError' });

      const lines = await until(
        async () => {
          const { items } = (await client.call(`/api/v1/logs?traceId=${traceId}`)).json<{ items: LogView[] }>();
          return items.length >= 2 && items;
        },
        { timeoutMs: 20_000, everyMs: 200, what: `the lines of ${service}` },
      );
      expect(lines.map(({ level, message, spanId }) => ({ level, message, spanId }))).toEqual([
        { level: 'info', message: 'a visit from ****', spanId: inner.spanId },
        { level: 'error', message: expect.any(String), spanId: inner.spanId },
      ]);
      expect(JSON.parse(lines[1]?.message ?? '')).toEqual({ what: 'no such visit', tries: 3 });
    });
  });
}
