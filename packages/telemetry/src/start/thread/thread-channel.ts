import { MessageChannel, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads';
import type { ThreadChannelData } from './start-thread-telemetry.ts';
import type { ThreadSignals } from './thread-signals.ts';

/** The process's end of the way on which one thread sends its signals. */
export interface ThreadChannel {
  /** For the thread's `workerData` (`startThreadTelemetry` takes it there), with what has to be transferred. Null: telemetry is off. */
  readonly data: ThreadChannelData | null;
  readonly transferList: readonly TransferListItem[];
  /** To be called when the thread has ended: takes what it still sent. Safe to call twice. */
  close(): void;
}

export type OpenThreadChannel = () => ThreadChannel;

export interface ThreadReceiver {
  take(signals: ThreadSignals): void;
  end(): void;
}

export function openThreadChannel(receiver: ThreadReceiver, collectIntervalMs: number): ThreadChannel {
  const { port1, port2 } = new MessageChannel();
  const underWay = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const weight = new Int32Array(underWay);
  const take = (signals: ThreadSignals): void => {
    Atomics.sub(weight, 0, signals.weight);
    receiver.take(signals);
  };
  port1.on('message', take);
  // Telemetry holds no process.
  port1.unref();
  let isClosed = false;
  return {
    data: { port: port2, underWay, collectIntervalMs },
    transferList: [port2],
    close() {
      if (isClosed) return;
      isClosed = true;
      for (let left = receiveMessageOnPort(port1); left; left = receiveMessageOnPort(port1)) take(left.message);
      port1.close();
      receiver.end();
    },
  };
}

/** Telemetry is off. */
export const NO_CHANNEL: ThreadChannel = { data: null, transferList: [], close: () => {} };
