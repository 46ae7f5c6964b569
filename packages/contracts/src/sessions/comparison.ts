import type { Evidence } from './analysis.ts';

/** Two runs side by side: where they part, and what differs in figures. */
export interface SessionComparison {
  readonly a: ComparedSession;
  readonly b: ComparedSession;
  /** How many steps both took in the same way before they parted. */
  readonly commonSteps: number;
  /** The first step that is not the same; null: both took the same steps. */
  readonly divergence: Divergence | null;
  /** How many calls of tools both made in the same way before they parted; plans do not count. */
  readonly commonToolCalls: number;
  /**
   * The first call of a tool that is not the same, counted among these: where agents acted otherwise though a user, who may be a program, put
   * the same into other words. Null: both made the same calls.
   */
  readonly toolDivergence: Divergence | null;
  /** What differed before the divergence of steps without changing them: words of an answer, text of a result. At most ten. */
  readonly lesserDifferences: readonly Divergence[];
  readonly figures: readonly ComparedFigure[];
  /** Every tool that either used, those whose counts differ most first. */
  readonly tools: readonly { readonly name: string; readonly a: ToolCounts; readonly b: ToolCounts }[];
}

export interface ComparedSession {
  readonly sessionId: string;
  /** As its outcome says, else whether it ended well. */
  readonly succeeded: boolean;
  readonly succeededBy: 'outcome' | 'ending';
  readonly steps: number;
}

export interface Divergence {
  /** From 1. */
  readonly step: number;
  /**
   * `step`: another kind of step, another tool, or one run had ended. `arguments`: the same tool with others. `outcome`: the same call
   * succeeded in one only. `request`: the user said something else. `result`, `wording`: only texts differ.
   */
  readonly kind: 'step' | 'arguments' | 'outcome' | 'request' | 'result' | 'wording';
  /** Null: that run had ended. */
  readonly a: ComparedStep | null;
  readonly b: ComparedStep | null;
}

export interface ComparedStep {
  readonly kind: 'request' | 'answer' | 'tool';
  /** Name of the tool; null for words. */
  readonly tool: string | null;
  readonly status: 'ok' | 'failed' | 'refused' | 'pending' | null;
  /** What was said, or the arguments; its beginning. */
  readonly text: string;
  /** Of a tool, its beginning. */
  readonly result: string | null;
  readonly evidence: Evidence;
}

export interface ToolCounts {
  readonly count: number;
  readonly failed: number;
}

export interface ComparedFigure {
  readonly name: string;
  readonly unit: string;
  readonly a: number | null;
  readonly b: number | null;
  /** `b - a`; null where either is not known. */
  readonly difference: number | null;
}
