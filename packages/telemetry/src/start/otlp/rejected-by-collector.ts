import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { SignalName } from '@tracepost/contracts';

const PARTIAL_SUCCESS = 'Received Partial Success response:';
const FIELDS = { rejectedSpans: 'spans', rejectedLogRecords: 'logs', rejectedDataPoints: 'metrics' } as const;

/**
 * A collector may take a request and reject some of it. The SDK's exporters call that a success and tell the number to the
 * diagnostics logger alone, so that is where it is counted. Failed exports come back to whoever exported, so other diagnostics are left out.
 */
export function listenForRejections(onRejected: (signal: SignalName, count: number) => void): void {
  const listen = (message: string, ...details: unknown[]): void => {
    if (message !== PARTIAL_SUCCESS) return;
    for (const [field, signal] of Object.entries(FIELDS)) {
      const count = Number(readObject(details[0])[field] ?? 0);
      if (count > 0) onRejected(signal, count);
    }
  };
  const ignore = (): void => {};
  const logger = { error: listen, warn: listen, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

function readObject(text: unknown): Record<string, unknown> {
  try {
    return JSON.parse(String(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
