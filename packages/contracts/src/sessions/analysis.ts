import type { SessionDocument } from './document.ts';
import type { TokenUsage } from './token-usage.ts';

/** Where a figure points: an entry of the session. */
export interface Evidence {
  readonly sessionId: string;
  readonly kind: 'message' | 'call' | 'tool';
  readonly id: string;
  readonly atMs: number | null;
  /** Name of the tool, of a call of one. */
  readonly tool?: string;
}

export const TOOL_CATEGORIES = [
  'file_read',
  'file_write',
  'search',
  'execute',
  'web',
  'plan',
  'delegate',
  'data',
  'communicate',
  'other',
] as const;
export type ToolCategory = (typeof TOOL_CATEGORIES)[number];

export const ERROR_PATTERNS = ['rate_limit', 'timeout', 'auth_failure', 'network', 'validation', 'tool_error'] as const;
export type ErrorPattern = (typeof ERROR_PATTERNS)[number];

export const BEHAVIOURS = ['retry', 'fallback', 'clarification', 'exploration'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

export const COMPLEXITIES = ['very_low', 'low', 'medium', 'high', 'very_high'] as const;
export type Complexity = (typeof COMPLEXITIES)[number];

/** What one call cost, and how that was found. US dollars as exact decimals of picodollars. */
export interface CallCost {
  readonly callId: string;
  /** `unpriced`: the model is not known, which is not the same as free. `nothing`: no tokens. */
  readonly status: 'priced' | 'unpriced' | 'nothing';
  readonly totalUsd: number | null;
  /** The arithmetic: each part is tokens times price per million, rounded half up to a picodollar. */
  readonly parts: readonly CostPart[];
  /** Which entry of the price list, from which day on. */
  readonly price: {
    readonly model: string;
    readonly provider: string;
    readonly from: string | null;
    readonly source: string;
    /** The service tier of the call, where the price of it is not known: what it cost is reckoned at the standard price. */
    readonly unknownTier?: string;
  } | null;
  /** As the transcript said; null: it did not. */
  readonly reportedUsd: number | null;
  /** Why it is unpriced. */
  readonly reason: string | null;
}

export interface CostPart {
  readonly kind:
    | 'input'
    | 'cache_read'
    | 'cache_write_5m'
    | 'cache_write_1h'
    | 'output'
    | 'reasoning'
    | 'audio_input'
    | 'audio_cache_read'
    | 'audio_output'
    | 'image_input'
    | 'image_cache_read'
    | 'image_output'
    | 'request'
    | 'web_search';
  readonly model: string;
  /** Of `request` and `web_search`: how many of these. */
  readonly tokens: number;
  /** Decimal text, US dollars for a million tokens (or requests, or searches), after tiers. */
  readonly usdPerMillion: string;
  readonly usd: number;
}

export interface ToolUse {
  readonly name: string;
  readonly category: ToolCategory;
  readonly count: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly refused: number;
  readonly pending: number;
  /** Over those whose time is known; null when none is. */
  readonly totalMs: number | null;
  readonly averageMs: number | null;
  readonly timed: number;
  readonly argumentBytes: number;
  readonly resultBytes: number;
  /** The last of its calls that failed; absent when none did, and in analyses of before this was told. */
  readonly failure?: Evidence;
}

export interface ToolSequence {
  readonly tools: readonly string[];
  readonly count: number;
}

/** The same tool with the same arguments, several times in a row or nearly so. */
export interface RepeatedCalls {
  readonly tool: string;
  readonly argumentsHash: string;
  readonly count: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly evidence: readonly Evidence[];
}

export interface PatternFinding {
  readonly pattern: ErrorPattern | Behaviour;
  readonly count: number;
  /** What it was known by: structure (a status, an error type, who speaks) or the words of an error. */
  readonly by: 'structure' | 'text';
  /** At most ten. */
  readonly evidence: readonly Evidence[];
  readonly example: string;
}

/** The points of the parts add up to `score`: >= 8 very_high, >= 6 high, >= 4 medium, >= 2 low, else very_low. */
export interface ComplexityScore {
  readonly complexity: Complexity;
  readonly score: number;
  readonly parts: {
    readonly messages: { readonly value: number; readonly points: number };
    readonly uniqueTools: { readonly value: number; readonly points: number };
    readonly errorRate: { readonly value: number; readonly points: number };
    /** Seconds; value null when times are not known, and then no points. */
    readonly duration: { readonly value: number | null; readonly points: number };
  };
}

export interface Distribution {
  readonly count: number;
  readonly averageMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maximumMs: number;
}

export interface SessionTimes {
  /** Asked to answered, of model calls. Null: nothing is known. */
  readonly response: Distribution | null;
  /** Tool call issued to tool started, where both are recorded. */
  readonly queue: Distribution | null;
  /** Tool started (or, where that is not recorded, issued) to result. */
  readonly processing: Distribution | null;
}

export interface Anomaly {
  readonly kind: 'response_time_spike' | 'error_cluster' | 'token_spike';
  readonly value: number;
  readonly threshold: number;
  readonly unit: 'ms' | 'errors' | 'tokens_per_minute';
  readonly baseline: Readonly<Record<string, number>>;
  /** The robust variant (median and MAD), and whether it says the same; null where there is none. */
  readonly robust: { readonly threshold: number; readonly agrees: boolean } | null;
  readonly evidence: readonly Evidence[];
}

export interface Recommendation {
  readonly kind: string;
  /** The tool or the model that it is about; absent: the session as a whole. */
  readonly subject?: string;
  readonly title: string;
  readonly advice: string;
  /** US dollars and milliseconds that it would save, where that can be reckoned; ranks. */
  readonly saves: { readonly usd: number | null; readonly ms: number | null; readonly calls: number | null };
  readonly severity: 'info' | 'warning';
  /** Never empty. */
  readonly evidence: readonly Evidence[];
  /** The numbers that it rests on. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface SessionTotals {
  readonly messages: number;
  readonly modelCalls: number;
  readonly failedModelCalls: number;
  readonly toolCalls: number;
  readonly failedToolCalls: number;
  readonly refusedToolCalls: number;
  readonly retries: number;
  readonly errorRate: number;
  readonly successRate: number;
  /** `reported`, `estimated`, or `mixed` when only some calls were reported; `none` without calls. */
  readonly usageSource: 'reported' | 'estimated' | 'mixed' | 'none';
  readonly usage: TokenUsage;
  /** Exact sum over priced calls; null when no call has a price. */
  readonly costUsd: number | null;
  readonly unpricedCalls: number;
  /** Calls of a service tier (fast, priority, …) whose price is not known: in `costUsd` at the standard price. Absent when there are none. */
  readonly standardPriceCalls?: number;
  readonly reportedCostUsd: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly durationSeconds: number | null;
  readonly endedWell: boolean;
  /** Output tokens per input token; null without input. */
  readonly tokenEfficiency: number | null;
  /** Share of the input that was read from a cache; null without input. */
  readonly cacheReadShare: number | null;
  /** Input of the last call over the model's window; null when that is not known. */
  readonly contextUse: number | null;
}

/** Of one model in one session. */
export interface ModelUse {
  readonly provider: string | null;
  readonly model: string | null;
  readonly calls: number;
  readonly usage: TokenUsage;
  readonly usageSource: 'reported' | 'estimated' | 'mixed';
  readonly costUsd: number | null;
  readonly unpricedCalls: number;
}

/** Everything that can be said of one session. */
export interface SessionAnalysis {
  readonly sessionId: string;
  readonly format: SessionDocument['format'];
  readonly agentId: string;
  readonly totals: SessionTotals;
  readonly models: readonly ModelUse[];
  /** What calls took whose usage the provider did not report, or not to the end of their output; all others have their own. */
  readonly estimates: readonly { readonly callId: string; readonly usage: TokenUsage }[];
  readonly costs: readonly CallCost[];
  readonly tools: readonly ToolUse[];
  /** The most frequent first, at most ten thousand. */
  readonly sequences: readonly ToolSequence[];
  /** How many different sequences there were beyond those. */
  readonly sequencesLeftOut: number;
  readonly repeated: readonly RepeatedCalls[];
  readonly patterns: readonly PatternFinding[];
  readonly complexity: ComplexityScore;
  readonly times: SessionTimes;
  readonly anomalies: readonly Anomaly[];
  readonly recommendations: readonly Recommendation[];
  /** The version of the price book that the costs are of; absent in analyses of before this was told. */
  readonly prices?: string;
}
