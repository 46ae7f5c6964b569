import { createContext, Script } from 'node:vm';
import type { AnnouncedType } from '@tracepost/contracts';
import type { Logger } from '@tracepost/telemetry';
import { Ajv, type ValidateFunction } from 'ajv';
import type { FieldFault } from '../http/problem.ts';
import { describeSchemaFaults } from '../http/schema-faults.ts';

/** Checks payloads against the schemas that agents announced. Empty when the payload is right. */
export interface PayloadCheck {
  check(agentId: string, announced: AnnouncedType, payload: unknown): readonly FieldFault[];
}

type Check = (payload: unknown) => readonly FieldFault[];

const MAX_COMPILED = 200;
const MAX_SCHEMA_CHARACTERS = 64 * 1024;
/** A check that takes longer is ended: a pattern that backtracks, unique items over a huge list. */
const CHECK_TIMEOUT_MS = 100;
const UNCHECKED: Check = () => [];

/**
 * Schemas come from agents, and agents may be foreign: each is compiled when it is first needed, alone, and kept while the agent
 * announces the same one. A schema that cannot be compiled checks nothing (said in the log): the worker checks too, and one
 * faulty agent must not be unreachable for it.
 */
export function createPayloadCheck({ logger }: { readonly logger: Logger }): PayloadCheck {
  // By the announced object: the directory gives the same one until a new announcement comes.
  const byAnnouncement = new WeakMap<AnnouncedType, Check>();
  // By text: the same schema is announced again every ten seconds.
  const byText = new Map<string, Check>();

  const compile = (agentId: string, { type, schema }: AnnouncedType): Check => {
    const text = JSON.stringify(schema) ?? 'true';
    const before = byText.get(text);
    if (before) return before;
    let check = UNCHECKED;
    try {
      check = compileSchema(text);
    } catch (error) {
      logger.warn(
        { layer: 'gateway', agentId, notificationType: type, error },
        'An announced schema cannot be compiled; payloads of this type go to the worker unchecked',
      );
    }
    if (byText.size >= MAX_COMPILED) forgetFirst(byText);
    byText.set(text, check);
    return check;
  };

  return {
    check(agentId, announced, payload) {
      let check = byAnnouncement.get(announced);
      if (!check) {
        check = compile(agentId, announced);
        byAnnouncement.set(announced, check);
      }
      return check(payload);
    },
  };
}

/** Checks schemas themselves; made once, since compiling the schema of schemas takes tens of milliseconds. */
let metaSchema: Ajv | null = null;

function compileSchema(text: string): Check {
  if (text.length > MAX_SCHEMA_CHARACTERS)
    throw new Error(`the schema has ${text.length} characters; ${MAX_SCHEMA_CHARACTERS} are allowed`);
  const schema: unknown = JSON.parse(text);
  if (isObject(schema)) {
    // An asynchronous schema would answer later than the gateway; a dialect that is not loaded would not compile.
    delete schema.$async;
    delete schema.$schema;
  }
  metaSchema ??= new Ajv({ strict: false, logger: false });
  if (metaSchema.validateSchema(schema as object) !== true)
    throw new Error(`it is no schema: ${metaSchema.errorsText()}`);
  // One instance for each: ids of one agent's schema must not reach another's.
  const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false, logger: false });
  const validate = ajv.compile(schema as object);
  const run = isCheap(schema) ? validate : withTimeout(validate);
  return (payload) => {
    try {
      if (run(payload)) return [];
      return describeSchemaFaults(schema, validate.errors ?? [], { value: payload, prefix: '/payload' });
    } catch {
      return [{ pointer: '/payload', message: 'cannot be checked within its time against the schema of this type' }];
    }
  };
}

/** Keywords whose cost is not proportional to the payload. */
const COSTLY = new Set([
  'pattern',
  'patternProperties',
  'uniqueItems',
  'contains',
  '$ref',
  '$recursiveRef',
  '$dynamicRef',
]);
/** Character classes, literals and counted repetitions between anchors, at most the last one without an end: matched in one pass. */
const ONE_PASS_PATTERN = /^\^(?:[\w\-:. ]|\\[dws.]|\[(?:[\w\- .:/]|\\[dwsx-])+\]|\{\d+(?:,\d+)?\})+[+*]?\$$/;

function isCheap(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isCheap);
  if (!isObject(schema)) return true;
  return Object.entries(schema).every(([key, value]) => {
    if (key === 'pattern' && typeof value === 'string' && ONE_PASS_PATTERN.test(value)) return true;
    return !COSTLY.has(key) && isCheap(value);
  });
}

/** Node ends a script that runs too long; that is the only way to end a regular expression or a loop of a schema. */
function withTimeout(validate: ValidateFunction): (payload: unknown) => unknown {
  const script = new Script('validate(payload)');
  return (payload) => script.runInContext(createContext({ validate, payload }), { timeout: CHECK_TIMEOUT_MS });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function forgetFirst(checks: Map<string, Check>): void {
  const [first] = checks.keys();
  if (first !== undefined) checks.delete(first);
}
