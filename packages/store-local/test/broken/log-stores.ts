import type { LogSignal, LogView } from '@tracepost/contracts';
import type { LogQuery, LogStore } from '@tracepost/stores';
import { type Breakages, hidingRefusals, LATER, mapValues, withoutPing } from './breakage.ts';

export const BROKEN_LOG_STORES: Breakages<LogStore> = {
  'forgets everything': reading(() => []),
  'invents a line': reading((lines) => (lines.length > 0 ? lines : [INVENTED])),
  'gives lines in the other order': reading((lines) => [...lines].reverse()),
  'does not look at the trace': asking(({ traceId: _, ...query }) => query),
  'does not look at the task': asking(({ taskId: _, ...query }) => query),
  'does not look at the agent': asking(({ agentId: _, ...query }) => query),
  'does not look at the service': asking(({ service: _, ...query }) => query),
  'does not look at the level': asking(({ level: _, ...query }) => query),
  'looks for one level only': reading((lines, { level }) =>
    lines.filter((line) => line.level === (level ?? line.level)),
  ),
  'does not look at the text': asking(({ text: _, ...query }) => query),
  'cannot be asked for times that it does not reach': asking((query) => {
    if (query.to < new Date('1971-01-01')) throw new RangeError('too early');
    return query;
  }),
  'does not look at the limit': asking((query) => ({ ...query, limit: 1000 })),
  'keeps the wrong end of the limit': (right) => ({
    ...right,
    queryLogs: async (query) => (await right.queryLogs({ ...query, limit: 1000 })).slice(-query.limit),
  }),
  'takes the last instant in': asking((query) => ({ ...query, to: new Date(query.to.getTime() + 1) })),
  'leaves the first instant out': asking((query) => ({ ...query, from: new Date(query.from.getTime() + 1) })),
  'tells capitals from small letters': reading((lines, { text = '' }) =>
    lines.filter(({ message }) => message.includes(text)),
  ),
  'takes a text for a pattern': (right) => ({
    ...right,
    queryLogs({ text, ...query }) {
      const isPattern = text !== undefined && /[%_*.[]/.test(text);
      return right.queryLogs(isPattern || text === undefined ? query : { ...query, text });
    },
  }),
  'strips quotes from ids': asking(({ taskId, ...query }) =>
    taskId === undefined ? query : { ...query, taskId: taskId.replace(/['"]/g, '') },
  ),
  'keeps one line of an instant': writingEach(({ spanId: _, ...log }) => ({ ...log, spanId: null, attributes: {} })),
  'keeps a line as often as it comes': (right) => {
    let writes = 0n;
    return {
      ...right,
      writeLogs(logs) {
        writes += 1n;
        return right.writeLogs(logs.map((log) => ({ ...log, timeUnixNano: log.timeUnixNano + writes })));
      },
    };
  },
  'loses ids': readingEach((line) => ({ ...line, taskId: null, agentId: null, correlationId: null })),
  'makes empty texts of missing ids': readingEach((line) => ({ ...line, taskId: line.taskId ?? '' })),
  'makes texts of numbers': readingEach((line) => ({ ...line, attributes: mapValues(line.attributes, String) })),
  'writes a body as its language prints it': writingEach((log) => ({ ...log, body: String(log.body) })),
  'loses line ends': readingEach((line) => ({ ...line, message: line.message.replaceAll('\n', ' ') })),
  'calls every line information': writingEach((log) => ({ ...log, severityNumber: 9 })),
  'says nothing of what it refused': (right) => ({
    ...right,
    writeLogs: async (logs) => hidingRefusals(await right.writeLogs(logs)),
  }),
  'takes nothing': (right) => ({ ...right, writeLogs: async () => LATER }),
  'does not answer ping': withoutPing,
};

const INVENTED: LogView = {
  at: '2026-11-21T09:00:00.000Z',
  level: 'info',
  service: 'nobody',
  message: 'invented',
  traceId: null,
  spanId: null,
  taskId: null,
  agentId: null,
  correlationId: null,
  attributes: {},
};

function asking(change: (query: LogQuery) => LogQuery): (right: LogStore) => LogStore {
  return (right) => ({ ...right, queryLogs: (query) => right.queryLogs(change(query)) });
}

function reading(change: (lines: LogView[], query: LogQuery) => LogView[]): (right: LogStore) => LogStore {
  return (right) => ({ ...right, queryLogs: async (query) => change(await right.queryLogs(query), query) });
}

function readingEach(change: (line: LogView) => LogView): (right: LogStore) => LogStore {
  return reading((lines) => lines.map(change));
}

function writingEach(change: (log: LogSignal) => LogSignal): (right: LogStore) => LogStore {
  return (right) => ({ ...right, writeLogs: (logs) => right.writeLogs(logs.map(change)) });
}
