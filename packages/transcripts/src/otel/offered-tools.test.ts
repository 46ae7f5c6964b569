import type { Attributes } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { offeredTools } from './offered-tools.ts';

const tools = [{ name: 'weather', description: 'how warm it is', parameters: { type: 'object' } }];

it.each<[string, Attributes]>([
  ['the newest conventions', { 'gen_ai.tool.definitions': JSON.stringify(tools) }],
  ['the same, with structure', { 'gen_ai.tool.definitions': tools }],
  ['Pydantic AI', { model_request_parameters: JSON.stringify({ function_tools: tools, output_mode: 'text' }) }],
  ['OpenInference, in the parameters', { 'llm.invocation_parameters': JSON.stringify({ temperature: 0, tools }) }],
  ['OpenInference, in the request', { 'input.value': JSON.stringify({ messages: [], tools }) }],
  ['both, once', { 'llm.invocation_parameters': JSON.stringify({ tools }), 'input.value': JSON.stringify({ tools }) }],
])('tools that a model was offered are read in the words of %s', (_name, attributes) => {
  expect(offeredTools(attributes).map((text) => JSON.parse(text))).toEqual([tools]);
});

it('tools are read one by one where they are numbered, and none where there are none', () => {
  const text = JSON.stringify(tools[0]);
  expect(offeredTools({ 'llm.tools.0.tool.json_schema': text, 'llm.tools.1.tool.json_schema': text })).toEqual([
    text,
    text,
  ]);
  expect(
    offeredTools({ 'input.value': '{"tools": "none"}', 'llm.invocation_parameters': '{"functions": []}' }),
  ).toEqual([]);
  expect(offeredTools({ 'input.value': 'about "tools"' })).toEqual([]);
});
