import { DATA_SOURCES, type Link } from './dashboard.ts';
import { variable } from './variables.ts';

/** Searches Jaeger for the spans behind a point of a series, by tags that may hold Grafana's variables. */
export function toTraces(service: string, tags: Readonly<Record<string, string>>): Link {
  const words = Object.entries(tags).map(([key, value]) => `${key}="${value}"`);
  return { title: 'Traces', url: explore({ queryType: 'search', service, tags: words.join(' '), limit: 20 }) };
}

/** Opens one trace; `traceId` is usually a variable. */
export function toTrace(traceId: string): Link {
  return { title: 'Trace', url: explore({ query: traceId }) };
}

/** The address of Explore with one query to Jaeger, over the dashboard's window. */
function explore(query: Readonly<Record<string, unknown>>): string {
  const pane = {
    datasource: DATA_SOURCES.jaeger.uid,
    queries: [{ refId: 'A', datasource: DATA_SOURCES.jaeger, ...query }],
    range: { from: variable('__from'), to: variable('__to') },
  };
  return `/explore?schemaVersion=1&panes=${encodeAroundVariables(JSON.stringify({ a: pane }))}`;
}

/** Grafana finds its variables in the address only when they are not encoded. */
function encodeAroundVariables(text: string): string {
  return text
    .split(/(\$\{[^}]+\})/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part)))
    .join('');
}
