import type { Attributes } from '@tracepost/contracts';
import { fieldsOf, isFields } from '../building/values.ts';
import { parsed } from './attributes.ts';

/** Attributes that are the descriptions themselves, or one of them each. */
const LISTS = ['gen_ai.tool.definitions', 'ai.prompt.tools', 'gen_ai.request.tools'] as const;
const NUMBERED = /^(llm\.tools|llm\.request\.functions|gen_ai\.request\.tools)\./;
/** What holds them among other things: the request, or its parameters. */
const AROUND = [
  'model_request_parameters',
  'llm.invocation_parameters',
  'input.value',
  'request_data',
  'langfuse.observation.input',
  'gcp.vertex.agent.llm_request',
] as const;
const NAMES = ['tools', 'function_tools', 'functions'] as const;

/** The descriptions of tools that a model was given, as text; the first place that has some, for several tell the same. */
export function offeredTools(attributes: Attributes): string[] {
  for (const name of LISTS) {
    const value = attributes[name];
    if (value !== undefined && value !== null) return [typeof value === 'string' ? value : JSON.stringify(value)];
  }
  const numbered = Object.keys(attributes).filter((name) => NUMBERED.test(name));
  if (numbered.length > 0) return numbered.map((name) => String(attributes[name]));
  for (const name of AROUND) {
    const tools = toolsIn(attributes[name]);
    if (tools !== null) return [tools];
  }
  return [];
}

function toolsIn(value: unknown): string | null {
  // Whole conversations stand there, too: only those are read that can hold some.
  if (typeof value === 'string' && !NAMES.some((name) => value.includes(`"${name}"`))) return null;
  const whole = fieldsOf(parsed(value));
  const fields = isFields(whole.config) && whole.tools === undefined ? whole.config : whole;
  for (const name of NAMES) {
    const tools = parsed(fields[name]);
    if (Array.isArray(tools) && tools.length > 0) return JSON.stringify(tools);
  }
  return null;
}
