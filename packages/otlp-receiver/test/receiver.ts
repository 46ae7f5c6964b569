import type { SignalBatch, SinkAnswer } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { afterEach } from 'vitest';
import { createOtlpReceiver, type OtlpReceiver, type ReceiverLimits } from '../src/index.ts';

export const TOKEN = 'a-secret-that-is-long';
export const TAKEN: SinkAnswer = { status: 'taken', refused: [] };
export const telemetry = createTelemetry({ serviceName: 'tracepost-analyst', terminalLevel: 'silent' });

export interface Given {
  readonly answer?: SinkAnswer;
  readonly accept?: (batch: SignalBatch) => Promise<SinkAnswer>;
  readonly limits?: Partial<ReceiverLimits>;
  readonly token?: string | null;
}

export interface StartedReceiver {
  readonly receiver: OtlpReceiver;
  readonly httpUrl: string;
  /** `host:port`, as clients of gRPC want it. */
  readonly grpcAddress: string;
  readonly taken: readonly SignalBatch[];
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Both doors on any free ports, closed after the test. */
export async function startReceiver({
  answer = TAKEN,
  accept,
  limits = {},
  token = TOKEN,
}: Given = {}): Promise<StartedReceiver> {
  const taken: SignalBatch[] = [];
  const sink = {
    accept:
      accept ??
      (async (batch: SignalBatch) => {
        taken.push(batch);
        return answer;
      }),
  };
  const receiver = createOtlpReceiver({ host: '127.0.0.1', httpPort: 0, grpcPort: 0, token, sink, telemetry, limits });
  const { httpUrl, grpcUrl } = await receiver.start();
  closers.push(() => receiver.close());
  return { receiver, httpUrl: String(httpUrl), grpcAddress: new URL(String(grpcUrl)).host, taken };
}
