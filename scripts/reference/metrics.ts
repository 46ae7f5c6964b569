import { INSTRUMENTS } from '../../packages/telemetry/src/index.ts';
import { code, table } from './table.ts';

export function metricsPage(): string {
  const rows = Object.entries(INSTRUMENTS).map(([name, { type, unit, attributes, description }]) => [
    code(name),
    type,
    code(unit),
    attributes.map(code).join(', ') || 'none',
    description,
  ]);
  return `# Metrics

Every metric that the services tell, under its OpenTelemetry name. Units are UCUM's. The attributes are the only ones that a metric may
have; none holds the id of a task, a trace, a user or a worker.

${table(['name', 'type', 'unit', 'attributes', 'is'], rows)}
`;
}
