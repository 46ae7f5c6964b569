import { isStorableTime, type LogQuery, type LogStore, MAX_LOGS, storableRange } from '@tracepost/stores';
import { toLine, toView } from './log-lines.ts';
import { linesFlux, timesFlux } from './log-query.ts';
import type { InfluxStoreParts } from './metrics.ts';
import { timeWindows } from './time-windows.ts';

/** Log lines as rows. A question is answered in two steps: when were the lines, then the lines of those instants. */
export function createInfluxLogs({ bucket, writer, query, ping, close }: InfluxStoreParts): LogStore {
  return {
    writeLogs(logs) {
      const good = logs.filter(({ timeUnixNano }) => isStorableTime(timeUnixNano));
      const bad = logs.length - good.length;
      return writer.write(good.map(toLine), bad === 0 ? [] : [{ signal: 'logs', reason: 'invalid_time', count: bad }]);
    },
    async queryLogs(asked) {
      const range = storableRange(asked);
      if (range === null) return [];
      const limited = { ...asked, ...range, limit: Math.min(asked.limit, MAX_LOGS) };
      const maxTimes = timesWanted(limited);
      const times = await query({
        operation: 'find_logs',
        flux: timesFlux(bucket, limited, maxTimes),
        maxRows: maxTimes,
      });
      if (times.length === 0) return [];
      const windows = timeWindows(times.map(({ values, tableMeta }) => String(tableMeta.get(values, '_time'))));
      const rows = await query({
        operation: 'read_logs',
        flux: linesFlux(bucket, limited, windows),
        maxRows: limited.limit,
      });
      return rows.map(toView);
    },
    ping,
    close,
  };
}

/** The first step looks at one field. What else was asked for thins its lines out later, so it must find them all. */
function timesWanted(query: LogQuery): number {
  const { traceId, taskId, text, agentId } = query;
  const asked = [traceId, taskId, text, agentId].filter((condition) => condition !== undefined);
  return asked.length > 1 ? MAX_LOGS : query.limit;
}
