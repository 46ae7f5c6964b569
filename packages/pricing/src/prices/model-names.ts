/** Whom the price list is asked, and for what. */
export interface PriceQuestion {
  /** In the words of the price list; undefined: whoever makes a model of this name. */
  readonly providerId: string | undefined;
  readonly modelId: string;
}

/** Longer than any name of a model; what is longer is not looked up. */
const LONGEST_NAME = 300;

/** `gen_ai.provider.name`, and what gateways put before a slash, in the words of the price list. */
const PROVIDERS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  openai: 'openai',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  azure: 'azure',
  azure_ai: 'azure',
  'aws.bedrock': 'aws',
  aws: 'aws',
  bedrock: 'aws',
  bedrock_converse: 'aws',
  'amazon-bedrock': 'aws',
  amazon_bedrock: 'aws',
  'gcp.gemini': 'google',
  'gcp.vertex_ai': 'google',
  'gcp.gen_ai': 'google',
  google: 'google',
  gemini: 'google',
  vertex_ai: 'google',
  vertex_ai_beta: 'google',
  'google-vertex': 'google',
  'google-ai-studio': 'google',
  x_ai: 'x-ai',
  xai: 'x-ai',
  'x-ai': 'x-ai',
  mistral: 'mistral',
  mistral_ai: 'mistral',
  mistralai: 'mistral',
  deepseek: 'deepseek',
  groq: 'groq',
  cohere: 'cohere',
  cohere_chat: 'cohere',
  perplexity: 'perplexity',
  together: 'together',
  together_ai: 'together',
  togetherai: 'together',
  fireworks: 'fireworks',
  fireworks_ai: 'fireworks',
  cerebras: 'cerebras',
  moonshot: 'moonshotai',
  moonshot_ai: 'moonshotai',
  moonshotai: 'moonshotai',
  openrouter: 'openrouter',
  github_copilot: 'github-copilot',
  'github-copilot': 'github-copilot',
  novita: 'novita',
  minimax: 'minimax',
  zai: 'zai',
  zhipuai: 'zhipuai',
  cloudflare: 'cloudflare',
  baseten: 'baseten',
  voyage: 'voyageai',
  voyageai: 'voyageai',
};

/** Words before a slash that say how a model was reached and nothing of who bills it. */
const ROUTES: ReadonlySet<string> = new Set([
  'converse',
  'converse_like',
  'invoke',
  'litellm_proxy',
  'litellm',
  'models',
  'responses',
]);

/** Where Bedrock was asked, as LiteLLM writes it between the provider and the model. */
const BEDROCK_REGION = /^(?:us|eu|ap|ca|sa|me|af|il|mx)(?:-gov)?-[a-z]+-\d$/;

/** Whoever runs these gives models names of their own, mostly a group and then the model. */
const PROXIES: ReadonlySet<string> = new Set(['litellm_proxy', 'litellm']);

/** `anthropic.claude-…`, `jp.anthropic.claude-…`, `us-gov.meta.llama3-…`: names that only Bedrock has. */
const BEDROCK_NAME =
  /^(?:(?:us|eu|jp|apac|au|ca|sa|us-gov|global)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|minimax|mistral|moonshot|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.[a-z]/;

/** Who sell the models of many makers, under names with a slash of their own: what stands before the slash is not who bills. */
const HOSTS: ReadonlySet<string> = new Set([
  'baseten',
  'cloudflare',
  'fireworks',
  'github-copilot',
  'groq',
  'novita',
  'openrouter',
  'together',
]);

/**
 * What to ask the price list for a model as a transcript names it, in this order until it knows one: routes, resource paths and
 * endings that change no price are taken off from the front. A name that only one cloud uses says more than the provider
 * beside it, which is often a guess of the program. Empty: the name cannot be one of a model.
 */
export function priceQuestions(provider: string | null, model: string): readonly PriceQuestion[] {
  let name = model.trim().toLowerCase();
  if (name === '' || name.length > LONGEST_NAME) return [];
  let providerId = provider === null ? undefined : providerIdOf(provider);
  name = lastOfResource(name);
  const questions = [question(providerId, name)];
  let before = '';
  for (let end = name.search(/[/:]/); end > 0; end = name.search(/[/:]/)) {
    const word = name.slice(0, end);
    const named = providerIdOf(word);
    const isHost = providerId !== undefined && HOSTS.has(providerId);
    const isRoute = ROUTES.has(word) || PROXIES.has(before) || (providerId === 'aws' && BEDROCK_REGION.test(word));
    if (!isRoute && (named === undefined || (isHost && named !== providerId))) break;
    before = word;
    providerId = named ?? providerId;
    name = name.slice(end + 1);
    questions.push(question(providerId, name));
  }
  if (providerId === 'openrouter') questions.push(...ofOpenRouter(name));
  return questions.flatMap((one) => [...withoutRegion(one), one]);
}

/**
 * How OpenRouter chooses among hosts, and the day of a model, stand behind its name and change no price. Of makers that host what they make it
 * hands the price on: https://openrouter.ai/docs/faq, as it was known on 2026-11-22.
 */
function ofOpenRouter(name: string): readonly PriceQuestion[] {
  const plain = name.replace(/:(?:nitro|floor|exacto|beta|thinking)$/, '');
  const undated = plain.replace(/-\d{4}-?\d{2}-?\d{2}$/, '');
  const [maker = '', model = ''] = undated.split('/', 2);
  const names = [plain, undated].filter((one, index, all) => one !== name && all.indexOf(one) === index);
  const asked = names.map((one) => question('openrouter', one));
  if (!MAKERS.has(maker) || model.includes(':')) return asked;
  return [...asked, question(providerIdOf(maker), maker === 'anthropic' ? model.replaceAll('.', '-') : model)];
}

const MAKERS: ReadonlySet<string> = new Set(['anthropic', 'google', 'openai', 'x-ai']);

/**
 * Bedrock asks more where a call has to stay in a region, and the name of its profile says so (`eu.anthropic.claude-…`). Claude's own
 * name, where only the provider tells that it was Bedrock, says nothing of that: the price without a region counts.
 */
function withoutRegion({ providerId, modelId }: PriceQuestion): readonly PriceQuestion[] {
  const isBare = providerId === 'aws' && /^claude-[a-z0-9-]+$/.test(modelId);
  return isBare ? [{ providerId, modelId: `global.anthropic.${modelId}-v1:0` }] : [];
}

function question(providerId: string | undefined, name: string): PriceQuestion {
  // `claude-sonnet-4-5[1m]` asks for the large window, whose price is a tier of the call; `@` stands before Vertex's date.
  const modelId = name
    .replace(/\[1m\]$/, '')
    .replace(/@(\d{8}|default|latest)$/, (_, date: string) => (/^\d/.test(date) ? `-${date}` : ''));
  return { providerId: BEDROCK_NAME.test(modelId) ? 'aws' : providerId, modelId };
}

/** The last part of `projects/p/locations/l/publishers/google/models/x` and of `arn:aws:bedrock:…:inference-profile/x`. */
function lastOfResource(name: string): string {
  const isResource =
    /^projects\/.+\/models\//.test(name) || /^publishers\/.+\/models\//.test(name) || name.startsWith('arn:aws');
  return isResource ? name.slice(name.lastIndexOf('/') + 1) : name;
}

/** A provider in the words of the price list; undefined: it has none of that name. */
export function providerIdOf(provider: string): string | undefined {
  const name = provider.trim().toLowerCase();
  return Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
}
