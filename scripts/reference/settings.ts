import type { Field } from '../../packages/config/src/index.ts';
import { startFields } from '../../packages/telemetry/src/start/config.ts';
import { fullFields as agentsFields } from '../../services/agents/src/config.ts';
import { analystFields } from '../../services/analyst/src/config.ts';
import { cliFields } from '../../services/cli/src/config.ts';
import { fullStackFields as gatewayFields } from '../../services/gateway/src/config.ts';
import { recorderFields } from '../../services/recorder/src/config.ts';
import { standaloneFields } from '../../services/standalone/src/config.ts';
import { code, table } from './table.ts';

type Fields = Readonly<Record<string, Field<unknown>>>;

const SECTIONS: readonly (readonly [title: string, fields: Fields])[] = [
  ['The one process (`npm start`)', standaloneFields],
  ['gateway, in the full stack', gatewayFields],
  ['agents, in the full stack', agentsFields],
  ['recorder, in the full stack', recorderFields],
  ['analyst, in the full stack', analystFields],
  ['Telemetry of every process', startFields],
  ['The command line (`tracepost`)', cliFields],
];

/** Defaults that depend on the machine. */
const SHOWN_DEFAULTS: Readonly<Record<string, string>> = { TRACEPOST_INSTANCE_ID: "the host's name" };

export function settingsPage(): string {
  const sections = SECTIONS.map(([title, fields]) => {
    const rows = Object.values(fields).map((field) => [
      code(field.variable),
      shownDefault(field),
      field.expects,
      field.about,
    ]);
    return `## ${title}\n\n${table(['variable', 'default', 'has to be', 'is'], rows)}\n`;
  });
  return `# Settings

Environment variables, read once at the start. One that is empty counts as not set. When any is wrong, all that are wrong are told together
and nothing starts. These are the defaults of the programs; \`docker-compose.yml\` sets what the full stack needs
([full-stack.md](../guide/full-stack.md)).

${sections.join('\n')}`;
}

function shownDefault({ variable, defaultText }: Field<unknown>): string {
  if (defaultText === null) return '**has to be set**';
  return SHOWN_DEFAULTS[variable] ?? (defaultText === '' ? 'none' : code(defaultText));
}
