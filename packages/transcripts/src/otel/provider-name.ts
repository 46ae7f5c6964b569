import type { Attributes } from '@tracepost/contracts';
import { textAt } from './attributes.ts';
import { mlflowProvider } from './mlflow.ts';

const ATTRIBUTES = [
  'gen_ai.provider.name',
  'llm.provider',
  'gen_ai.system',
  'llm.system',
  'ai.model.provider',
  'langfuse.provider',
  'az.ai.inference.model_provider',
] as const;

/** Who answered, as the span says: the first of its words that names a provider, for some name the framework first. */
export function providerOf(attributes: Attributes): string | null {
  const named = ATTRIBUTES.map((name) => providerName(textAt(attributes, name))).find((one) => one !== null);
  const provider = named ?? providerName(mlflowProvider(attributes));
  // Many speak OpenAI's dialect, and are asked by its client: then the address says more.
  return provider === null || provider === 'openai' ? (ofAddress(attributes) ?? provider) : provider;
}

function ofAddress(attributes: Attributes): string | null {
  const address = textAt(attributes, 'server.address', 'gen_ai.openai.api_base') ?? '';
  const [host = ''] = address.replace(/^https?:\/\//, '').split(/[/:]/, 1);
  const isOllama = /^(localhost|127\.0\.0\.1)$/.test(host) && textAt(attributes, 'server.port') === '11434';
  return isOllama ? 'ollama' : (HOSTS.find(([pattern]) => pattern.test(host))?.[1] ?? null);
}

const HOSTS: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
  [/\.openai\.azure\.com$/, 'azure.ai.openai'],
  [/^api\.deepseek\.com$/, 'deepseek'],
  [/^api\.groq\.com$/, 'groq'],
  [/^api\.x\.ai$/, 'x_ai'],
  [/^api\.mistral\.ai$/, 'mistral_ai'],
  [/^api\.together\.(xyz|ai)$/, 'together'],
  [/^api\.fireworks\.ai$/, 'fireworks'],
  [/^api\.cerebras\.ai$/, 'cerebras'],
  [/^api\.moonshot\.(ai|cn)$/, 'moonshot_ai'],
  [/^api\.perplexity\.ai$/, 'perplexity'],
  [/^generativelanguage\.googleapis\.com$/, 'gcp.gemini'],
];

/** In the words of `gen_ai.provider.name`, from what instrumentations write; null: it names no provider (`langchain`). */
export function providerName(word: string | null): string | null {
  if (word === null) return null;
  const name = word.trim().toLowerCase();
  if (name === '' || NO_PROVIDERS.has(name)) return null;
  for (const [pattern, provider] of PROVIDERS) if (pattern.test(name)) return name.replace(pattern, provider);
  return name.slice(0, 128);
}

const NO_PROVIDERS = new Set([
  'langchain',
  'unknown',
  'litellm',
  'llamaindex',
  'llama_index',
  'langgraph',
  'strands-agents',
  'strands',
  'autogen',
  'ag2',
  'agno',
  'crewai',
  'haystack',
  'smolagents',
  'openai_agents',
  'openai-agents',
  'pydantic_ai',
  'pydantic-ai',
  'semantic_kernel',
  'microsoft.agent_framework',
  'microsoft.semantic_kernel',
  'spring_ai',
  'mastra',
  'dspy',
  'beeai',
  'null',
  'none',
  'other',
  '_other',
]);

/** The Vercel AI SDK adds which of a provider's interfaces was used (`openai.responses`). */
const PROVIDERS: readonly (readonly [RegExp, string])[] = [
  [/^openai([._].+)?$/, 'openai'],
  [/^anthropic([._].+)?$/, 'anthropic'],
  [/^(azure|az)\.ai\.inference.*$/, 'azure.ai.inference'],
  [/^(azure|az)([._-].*)?$|^azure_?openai.*$/, 'azure.ai.openai'],
  [/^aws$|^(aws|amazon)?[._-]?bedrock.*$/, 'aws.bedrock'],
  [/^(gcp[._])?(google[._-])?vertex_?(ai)?([._].*)?$/, 'gcp.vertex_ai'],
  [/^(gcp[._])?(gemini|gen_ai|google)([._-].*)?$/, 'gcp.gemini'],
  [/^mistral.*$/, 'mistral_ai'],
  [/^x[._-]?ai([._].+)?$/, 'x_ai'],
  [/^(deepseek|groq|cohere|perplexity)([._].+)?$/, '$1'],
  [/^([a-z0-9-]+)\.(chat|responses|completion|messages|embedding|languagemodel)$/, '$1'],
];
