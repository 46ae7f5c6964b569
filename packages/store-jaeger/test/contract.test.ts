import type { SpanSignal } from '@tracepost/contracts';
import { describeTraceStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, until, useJaeger } from '@tracepost/testing';
import { createJaegerTraceReader } from '../src/index.ts';
import { sendSpans } from './send-spans.ts';

describeWithDocker('on Jaeger 2', () => {
  const jaeger = useJaeger();

  describeTraceStoreContract('Jaeger', async () => {
    const { url, otlpHttpUrl } = jaeger();
    const reader = createJaegerTraceReader({ url, telemetry: createTelemetry({ serviceName: 'tracepost-test' }) });
    return {
      subject: {
        keepsNestedAttributes: false,
        store: {
          getTrace: reader.getTrace,
          ping: reader.ping,
          async writeSpans(spans) {
            await sendSpans(otlpHttpUrl, spans);
            for (const [traceId, spanIds] of idsByTrace(spans)) {
              await until(async () => {
                const found = new Set((await reader.getTrace(traceId)).map(({ spanId }) => spanId));
                return spanIds.every((id) => found.has(id));
              });
            }
            return { status: 'taken', refused: [] };
          },
        },
      },
      close: () => reader.close(),
    };
  });
});

function idsByTrace(spans: readonly SpanSignal[]): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const { traceId, spanId } of spans) ids.set(traceId, [...(ids.get(traceId) ?? []), spanId]);
  return ids;
}
