import type { EventAccepted, MetricAccepted, RecordEventRequest } from '@tracepost/contracts';
import { CLI_NAME } from '../api-client.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, type ExitCode, UsageError } from '../failures.ts';
import { styled } from '../output.ts';
import { readJson } from '../read-json.ts';

export const record: Command = {
  name: 'record',
  usage: 'event <type> <json|@file|-> | metric <name> <value>',
  about: 'Record something that happened, or a value that was measured',
  options: {
    source: { value: 'name', about: 'Who tells it (tracepost-cli)' },
    id: { value: 'id', about: 'The same id again changes nothing' },
    at: { value: 'time', about: 'When it was, ISO 8601 with Z or an offset (now)' },
    correlation: { value: 'id', about: 'What it belongs to' },
    severity: { value: 'word', about: 'Of an event, such as error' },
    kind: { value: 'word', about: 'Of a metric: histogram (single measurements), gauge, or counter (what it grew by)' },
    unit: { value: 'unit', about: 'Of a metric, such as ms' },
    attributes: { value: 'json', about: 'Of a metric, such as {"region":"eu"}' },
  },
  async run(context, args) {
    const [what, name, value, ...rest] = args.positionals;
    if (name === undefined || value === undefined || rest.length > 0)
      throw new UsageError(
        `record takes an event or a metric, such as: tracepost record event COMMAND '{…}', tracepost record metric orders.total 1`,
      );
    if (what === 'event') return recordEvent(context, args, { type: name, json: value });
    if (what === 'metric') return recordMetric(context, args, { name, value });
    throw new UsageError(`record is followed by event or metric, not "${what}"`);
  },
};

async function recordEvent(
  context: CommandContext,
  args: Arguments,
  { type, json }: { readonly type: string; readonly json: string },
): Promise<ExitCode> {
  refuse(args, 'an event', ['kind', 'unit', 'attributes']);
  const data = await readJson(json, context);
  const severity = args.text('severity');
  const body: RecordEventRequest = { type, data, ...common(args), ...(severity === undefined ? {} : { severity }) };
  return told(context, await context.api.call<EventAccepted>('/api/v1/events', { method: 'POST', body }));
}

async function recordMetric(
  context: CommandContext,
  args: Arguments,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<ExitCode> {
  refuse(args, 'a metric', ['severity']);
  const kind = args.oneOf('kind', ['counter', 'gauge', 'histogram']);
  const unit = args.text('unit');
  const attributes = args.text('attributes');
  // Whether the value is a number is for the gateway to say.
  const body = {
    name,
    value,
    ...common(args),
    ...(kind === undefined ? {} : { kind }),
    ...(unit === undefined ? {} : { unit }),
    ...(attributes === undefined ? {} : { attributes: readAttributes(attributes) }),
  };
  return told(context, await context.api.call<MetricAccepted>('/api/v1/metrics', { method: 'POST', body }));
}

function common(args: Arguments) {
  const [eventId, timestamp, correlationId] = [args.text('id'), args.text('at'), args.text('correlation')];
  return {
    source: args.text('source') ?? CLI_NAME,
    ...(eventId === undefined ? {} : { eventId }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

function refuse(args: Arguments, what: string, names: readonly string[]): void {
  const given = names.find((name) => args.text(name) !== undefined);
  if (given !== undefined) throw new UsageError(`${what} has no --${given}`);
}

function readAttributes(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--attributes is not JSON: ${String(error)}`, { cause: error });
  }
}

function told({ output }: CommandContext, answer: MetricAccepted): ExitCode {
  output.json(answer);
  output.line(['recorded ', styled('bold', answer.eventId)]);
  return EXIT.done;
}
