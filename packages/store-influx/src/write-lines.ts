import type { Refusal, SignalName, SinkAnswer } from '@tracepost/contracts';
import { measureStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { Connection } from './connection.ts';
import { type SendOutcome, sendLines } from './send-lines.ts';

export interface LineWriter {
  /** `refused` is what was refused before, and comes back with what InfluxDB refuses. */
  write(lines: readonly string[], refused: readonly Refusal[]): Promise<SinkAnswer>;
}

export interface LineWriterOptions {
  readonly connection: Connection;
  readonly bucket: string;
  readonly signal: SignalName;
  readonly telemetry: Telemetry;
}

const MAX_LINES = 5_000;
/** Requests spent on finding malformed lines in one batch; what is left then is refused as a whole. */
const MAX_REQUESTS = 64;

/**
 * Writes batches of line protocol. Lines that InfluxDB refuses for good are counted; when it cannot take anything now,
 * the answer is `later`, though lines sent before may be stored: written again, they overwrite themselves.
 */
export function createLineWriter({ connection, bucket, signal, telemetry }: LineWriterOptions): LineWriter {
  const operation = { system: 'influxdb', operation: `write_${signal}`, logger: telemetry.logger };
  const trouble = createTroubleLog(telemetry);

  return {
    async write(lines, refused) {
      const counts = new Map<string, number>();
      const refuse = (reason: string, count: number) => counts.set(reason, (counts.get(reason) ?? 0) + count);
      const pending = chunksOf(lines);
      for (let requests = 1; pending.length > 0; requests++) {
        const chunk = pending.shift() ?? [];
        const outcome = await measureStore(telemetry, operation, () => sendLines(connection, bucket, chunk));
        trouble.tell(bucket, outcome);
        if (outcome.status === 'later') return outcome;
        if (outcome.status === 'partly') refuse(outcome.reason, Math.min(outcome.dropped, chunk.length));
        if (outcome.status !== 'malformed') continue;
        // One bad line makes InfluxDB refuse the whole request: halves find it, and spare its neighbours.
        if (chunk.length > 1 && requests < MAX_REQUESTS) pending.unshift(...halvesOf(chunk));
        else refuse('malformed', chunk.length);
      }
      const own = [...counts].map(([reason, count]) => ({ signal, reason, count }));
      return { status: 'taken', refused: [...refused, ...own] };
    },
  };
}

function chunksOf(lines: readonly string[]): (readonly string[])[] {
  const chunks: (readonly string[])[] = [];
  for (let begin = 0; begin < lines.length; begin += MAX_LINES) chunks.push(lines.slice(begin, begin + MAX_LINES));
  return chunks;
}

function halvesOf(chunk: readonly string[]): (readonly string[])[] {
  const middle = Math.ceil(chunk.length / 2);
  return [chunk.slice(0, middle), chunk.slice(middle)];
}

/** One line when InfluxDB stops taking, one when it takes again: not one for each batch between. */
function createTroubleLog({ logger }: Telemetry): { tell(bucket: string, outcome: SendOutcome): void } {
  let known: string | null = null;
  return {
    tell(bucket, outcome) {
      const reason = outcome.status === 'later' ? outcome.reason : null;
      if (reason === known) return;
      if (reason !== null) logger.warn({ layer: 'store', bucket }, reason);
      else logger.info({ layer: 'store', bucket }, 'InfluxDB takes data again');
      known = reason;
    },
  };
}
