import { type Config, type Field, integer, list } from '@tracepost/config';
import type { SamplingRules } from './sampling-rules.ts';

const expensiveUsd: Field<number> = {
  ...integer('TRACEPOST_TRACE_EXPENSIVE_USD', {
    about: 'a task that cost as much, in US dollars, is kept whole when traces are sampled',
    default: '0.1',
    min: 0,
    max: 1_000_000,
  }),
  expects: 'a number of US dollars, such as 0.1',
  parse: (value) => (/^\d{1,7}(\.\d{1,9})?$/.test(value) ? Number(value) : undefined),
};

/** Which traces are kept. In the full set the collector reads the same variables. */
export const samplingFields = {
  traceKeepPercent: integer('TRACEPOST_TRACE_KEEP_PERCENT', {
    about:
      'share of ordinary traces that is kept; 100 keeps all. Tasks that failed, were slow, expensive or stopped are kept whatever it is',
    default: '100',
    min: 0,
    max: 100,
  }),
  traceKeepTenants: list('TRACEPOST_TRACE_KEEP_TENANTS', {
    about: 'tenants of whom every trace is kept, separated by commas',
    default: '',
  }),
  traceSlowMs: integer('TRACEPOST_TRACE_SLOW_MS', {
    about: 'a trace that takes as long is kept',
    default: '5000',
    min: 1,
    max: 86_400_000,
  }),
  traceExpensiveUsd: expensiveUsd,
  traceDecideSeconds: integer('TRACEPOST_TRACE_DECIDE_SECONDS', {
    about: 'how long a trace is waited for before it is decided on; a task that has not ended by then is kept',
    default: '30',
    min: 1,
    max: 600,
  }),
};

/** Null while every trace is kept: then nothing is held. */
export function samplingRules(settings: Config<typeof samplingFields>): SamplingRules | null {
  const { traceKeepPercent, traceKeepTenants, traceSlowMs, traceExpensiveUsd, traceDecideSeconds } = settings;
  if (traceKeepPercent === 100) return null;
  return {
    keepPercent: traceKeepPercent,
    keepTenants: traceKeepTenants,
    slowMs: traceSlowMs,
    expensiveUsd: traceExpensiveUsd,
    decideAfterMs: traceDecideSeconds * 1_000,
  };
}
