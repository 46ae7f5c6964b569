import {
  defineAgent,
  defineMetric,
  defineTool,
  onNotification,
  PermanentFailure,
  RetryLater,
  type TaskContext,
} from '@tracepost/agent-kit';

/** An agent that does a little of everything, so that every instrument has something to tell. */
const VALUE = defineMetric({ name: 'orders.value', type: 'histogram', unit: 'EUR', attributes: ['country'] });

const askOutside = defineTool({
  name: 'ask_outside',
  description: 'asks an outside service',
  run: async (url: string, { fetch, signal, count }) => {
    count('questions.asked', 1, { kind: 'test' });
    return (await fetch({ service: 'outside', operation: 'ask', url: new URL(url), signal })).status;
  },
});

const deeds: Readonly<Record<string, (context: TaskContext, url: string) => Promise<unknown>>> = {
  work: async ({ count, measure, setLevel, recordModelCall, addCost, useTool }, url) => {
    count('orders.placed', 2, { country: 'PT' });
    measure(VALUE, 12.5, { country: 'PT' });
    setLevel('shop.stock', 4);
    recordModelCall({ provider: 'openai', model: 'gpt-x', durationMs: 40, inputTokens: 100, outputTokens: 7 });
    addCost(0.001);
    return { status: await useTool(askOutside, url) };
  },
  misuse: async ({ count }) => count('orders.placed', Number.NaN),
  retry: async ({ attempt }) => {
    if (attempt === 1) throw new RetryLater('not yet', { delayMs: 1_000 });
    return null;
  },
  fail: async () => {
    throw new PermanentFailure('no', 'never');
  },
  spin: async () => {
    const end = Date.now() + 700;
    while (Date.now() < end);
  },
  exit: async () => process.exit(3),
};

export const busy = defineAgent({
  id: 'busy',
  description: 'does a little of everything',
  notifications: {
    'deed.wanted': onNotification({
      description: 'a deed',
      schema: { type: 'object', required: ['deed', 'url'] },
      retry: { maxAttempts: 2, initialDelayMs: 0 },
      handle: (context, payload) => {
        const { deed, url } = payload as { readonly deed: string; readonly url: string };
        return deeds[deed]?.(context, url) ?? Promise.resolve(null);
      },
    }),
  },
});
