import { join } from 'node:path';
import { errorCodesPage } from './error-codes.ts';
import { logFieldsPage } from './log-fields.ts';
import { metricsPage } from './metrics.ts';
import { problemsPage } from './problems.ts';
import { settingsPage } from './settings.ts';
import { spansPage } from './spans.ts';

export const REFERENCE_FOLDER = join(import.meta.dirname, '../../docs/reference');

/** The pages of docs/reference by file name: each is made from the code that it describes, never written by hand. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'error-codes.md': errorCodesPage(),
    'log-fields.md': logFieldsPage(),
    'metrics.md': metricsPage(),
    'problems.md': problemsPage(),
    'settings.md': settingsPage(),
    'spans.md': spansPage(),
  };
}
