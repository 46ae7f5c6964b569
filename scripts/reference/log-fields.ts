import { LOG_FIELDS } from '../../packages/telemetry/src/index.ts';
import { code, table } from './table.ts';

export function logFieldsPage(): string {
  const rows = Object.entries(LOG_FIELDS).map(([name, description]) => [code(name), description]);
  return `# Log fields

Each line is one JSON object on the terminal, and the same as an OpenTelemetry log record. What looks like a secret is masked in both.

${table(['field', 'is'], rows)}
`;
}
