import { SPANS } from '../../packages/telemetry/src/index.ts';
import { code, table } from './table.ts';

export function spansPage(): string {
  const rows = SPANS.map(({ name, kind, service, description, attributes }) => [
    code(name),
    kind,
    `tracepost-${service}`,
    description,
    attributes.map(code).join(', '),
  ]);
  return `# Spans

Every span that the services make, in the order in which a notification meets them. Names of HTTP and messaging are those of OpenTelemetry's
conventions, with their attributes; \`gen_ai.\` names still move there. \`enduser.id\` and \`user.id\`, on spans of other programs or of an agent's author, are
kept as the beginning of their SHA-256.

${table(['name', 'kind', 'service', 'is', 'attributes'], rows)}
`;
}
