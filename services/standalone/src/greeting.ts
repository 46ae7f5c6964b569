import { relative } from 'node:path';

/** What a user reads after the start: where it listens, where the data lies, and what to try, best first. */
export function greet({ url, dataFolder, hasSample }: { url: string; dataFolder: string; hasSample: boolean }): string {
  const folder = relative(process.cwd(), dataFolder) || '.';
  const shown = folder.startsWith('..') ? dataFolder : folder;
  const offline = `  Remove the background of a sample image (works offline):
    curl -s ${url}/api/v1/agents/bg-remover/notify -H 'content-type: application/json' -d @${shown}/remove-background.json
`;
  return `
Tracepost listens on ${url} and keeps its data in ${shown}. Ctrl-C stops it.

${hasSample ? offline : ''}  Ask for a forecast (needs the internet; with TRACEPOST_WEATHER_PROVIDER=simulated it does not):
    curl -s ${url}/api/v1/agents/weather/notify -H 'content-type: application/json' -d '{"notificationType":"weather.forecast","payload":{"location":"Lisbon"}}'
  Then see what became of it, with the ids of the answer:
    curl -s -H 'prefer: wait=20' ${url}/api/v1/tasks/TASK_ID
    curl -s ${url}/api/v1/traces/TRACE_ID
    curl -s '${url}/api/v1/logs?traceId=TRACE_ID'
  The whole API: ${url}/api/docs
`;
}
