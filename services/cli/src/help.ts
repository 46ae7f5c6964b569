import type { OptionSpecs } from './arguments.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands/index.ts';

export const globalOptions = {
  url: { value: 'address', about: 'Gateway to talk to (TRACEPOST_URL, else http://127.0.0.1:3400)' },
  json: { about: 'One JSON document for each answer on standard output, nothing else' },
  help: { about: 'This' },
} as const satisfies OptionSpecs;

export function usageOf({ name, usage }: Command): string {
  return ['tracepost', name, usage, '[options]'].filter((word) => word !== '').join(' ');
}

export function commandHelp(command: Command): string {
  const options = { ...command.options, ...globalOptions };
  return [`${usageOf(command)}`, '', `${command.about}.`, '', ...optionLines(options)].join('\n');
}

export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'tracepost <command> [options]',
    '',
    ...COMMANDS.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
    '',
    ...optionLines(globalOptions),
    '',
    'Exit: 0 done, 1 failed (also a task that was waited for), 2 used wrongly, 130 interrupted.',
    'First steps: tracepost agents; tracepost notify weather \'{"location":"Lisbon"}\' --wait',
  ].join('\n');
}

function optionLines(options: OptionSpecs): string[] {
  const words = Object.entries(options).map(
    ([name, { value }]) => `--${name}${value === undefined ? '' : ` <${value}>`}`,
  );
  const width = Math.max(...words.map((word) => word.length));
  return Object.values(options).map(({ about }, at) => `  ${(words[at] ?? '').padEnd(width)}  ${about}`);
}
