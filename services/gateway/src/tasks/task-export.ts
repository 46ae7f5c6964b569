import type { TaskRecord } from '@tracepost/contracts';
import type { TaskFilter } from './task-filter.ts';
import type { TaskPage, TaskPages } from './task-pages.ts';

export type ExportFormat = 'ndjson' | 'csv';

export const EXPORT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};

/** The export that an `Accept` header asks for before JSON; null for JSON. https://www.rfc-editor.org/rfc/rfc9110#name-accept */
export function readExportFormat(accept: string | undefined): ExportFormat | null {
  let best: { readonly format: ExportFormat | null; readonly quality: number } = { format: null, quality: 0 };
  for (const range of (accept ?? '').slice(0, 1_024).toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const given = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = given === undefined ? 1 : Number(given.slice(2));
    const format = type === EXPORT_TYPES.csv ? 'csv' : type === EXPORT_TYPES.ndjson ? 'ndjson' : null;
    const isKnown = format !== null || ['application/json', 'application/*', '*/*'].includes(type);
    if (isKnown && quality > best.quality) best = { format, quality };
  }
  return best.format;
}

export interface ExportOptions {
  readonly pages: TaskPages;
  readonly filter: TaskFilter;
  readonly format: ExportFormat;
  /** Most tasks of the export; undefined for all. */
  readonly limit: number | undefined;
  /** Read before, so that a store that does not answer is told before the export begins. */
  readonly first: TaskPage;
}

/** Tasks read from the store at a time: what an export holds in memory at most, whatever its length. */
export const EXPORT_PAGE = 200;
/** Gathered into one piece for the socket. */
const PIECE_CHARACTERS = 32 * 1024;

/** The export in pieces, page after page; the next page is read when the reader has taken the one before. */
export async function* exportTasks({ pages, filter, format, limit, first }: ExportOptions): AsyncGenerator<string> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  let piece = format === 'csv' ? csvLine(COLUMNS.map(([name]) => name)) : '';
  for (let page: TaskPage | null = first; page !== null; ) {
    for (const record of page.items.slice(0, left)) {
      piece += format === 'csv' ? csvLine(COLUMNS.map(([, read]) => read(record))) : `${JSON.stringify(record)}\n`;
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = '';
    }
    left -= page.items.length;
    const cursor: string | null = left > 0 ? page.nextCursor : null;
    page = cursor === null ? null : await pages.read({ filter, limit: Math.min(EXPORT_PAGE, left), cursor });
  }
  if (piece !== '') yield piece;
}

type Cell = string | number | boolean | null | undefined;

/** What fits into a table; results, attempts one by one and stacks are in the other formats. */
const COLUMNS: readonly (readonly [name: string, read: (record: TaskRecord) => Cell])[] = [
  ['taskId', (record) => record.taskId],
  ['agentId', (record) => record.agentId],
  ['notificationType', (record) => record.notificationType],
  ['status', (record) => record.status],
  ['partial', (record) => record.partial],
  ['stopReason', (record) => record.stopReason],
  ['errorCode', (record) => record.error?.code],
  ['errorMessage', (record) => record.error?.message],
  ['acceptedAt', (record) => record.acceptedAt],
  ['startedAt', (record) => record.startedAt],
  ['endedAt', (record) => record.endedAt],
  ['queueWaitMs', (record) => record.queueWaitMs],
  ['runMs', (record) => record.runMs],
  ['durationMs', (record) => record.durationMs],
  ['attempts', (record) => record.attempts.length],
  ['inputTokens', (record) => record.usage.inputTokens],
  ['outputTokens', (record) => record.usage.outputTokens],
  ['modelCalls', (record) => record.usage.modelCalls],
  ['toolCalls', (record) => record.usage.toolCalls],
  ['costUsd', (record) => record.usage.costUsd],
  ['priority', (record) => record.priority],
  ['source', (record) => record.source],
  ['sessionId', (record) => record.sessionId],
  ['parentTaskId', (record) => record.parentTaskId],
  ['retryOf', (record) => record.retryOf],
  ['idempotencyKey', (record) => record.idempotencyKey],
  ['traceId', (record) => record.traceId],
  ['correlationId', (record) => record.correlationId],
  ['tenantId', (record) => record.tenantId],
];

/** One line by RFC 4180. https://www.rfc-editor.org/rfc/rfc4180 */
function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** A spreadsheet takes a text that begins like this for a formula, and runs it; behind an apostrophe it is a text. */
const FORMULA = /^[=+\-@\t\r\n]/;

export function csvCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
