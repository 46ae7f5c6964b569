import type { EffectKey, EffectOutcome } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { PermanentFailure, RetryLater, TaskFailure } from './failures.ts';
import type { AttemptServices } from './runner.ts';

export interface OnceOptions {
  /**
   * `task` (default): once for this task, over all its attempts; a retry by hand is another task. `agent`: once for all tasks
   * of this agent, so that a key with a meaning (`invoice-7`) holds for whoever asks for it.
   */
  readonly scope?: 'task' | 'agent';
  /**
   * What to do when the effect was begun before and nobody knows whether it happened. `fail` (default): the task fails with
   * `effect_uncertain`, never a second effect. `repeat`: do it again, for effects that bear it. A function: look it up; `done` gives null.
   */
  readonly onUncertain?: 'fail' | 'repeat' | (() => Promise<'done' | 'not_done'>);
}

/**
 * Does something to the outside world once, whatever becomes of this attempt: done before, it gives the result of then
 * (JSON) without running `effect`.
 *
 * What it can promise: never twice unless you asked for it, as long as the key is the same. What nobody can: that it happened
 * when the process died between the effect and the note of it. Then the effect is *uncertain*, and `onUncertain` decides.
 * The same holds when `effect` was cut off (out of time, cancelled) or throws an error with `mayHaveHappened`. Any other throw says
 * that it did not happen: throw so only when you know. Effects are remembered as long as task records (90 days).
 */
export interface Once {
  <T>(key: string, effect: () => Promise<T>, options?: OnceOptions & { onUncertain?: 'fail' | 'repeat' }): Promise<T>;
  <T>(key: string, effect: () => Promise<T>, options: OnceOptions): Promise<T | null>;
}

export interface OnceParts {
  readonly taskId: string;
  readonly agentId: string;
  readonly tenantId: string;
  /** How long an attempt may run: an effect begun longer ago is not under way any more. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly services: AttemptServices;
  readonly logger: Logger;
}

const MAX_KEY_LENGTH = 200;
const MAX_RESULT_BYTES = 64 * 1024;

export function createOnce(parts: OnceParts): Once {
  const underWay = new Map<string, Promise<unknown>>();
  return <T>(key: string, effect: () => Promise<T>, options: OnceOptions = {}): Promise<T> => {
    if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH) {
      throw new TypeError(`the key of an effect is a text of 1 to ${MAX_KEY_LENGTH} characters`);
    }
    const scope = options.scope === 'agent' ? `agent:${parts.agentId}` : `task:${parts.taskId}`;
    const name = `${scope}\n${key}`;
    // Twice in one attempt is the same effect too, and its own beginning is no uncertainty.
    const running = underWay.get(name) ?? doOnce(parts, { tenantId: parts.tenantId, scope, key }, effect, options);
    underWay.set(name, running);
    const forget = () => underWay.delete(name);
    running.then(forget, forget);
    return running as Promise<T>;
  };
}

async function doOnce<T>(
  parts: OnceParts,
  effectKey: EffectKey,
  effect: () => Promise<T>,
  { scope = 'task', onUncertain = 'fail' }: OnceOptions,
): Promise<unknown> {
  const known = await begin(parts, effectKey);
  if (known.status === 'done') return known.result;
  if (known.status === 'begun' || onUncertain === 'repeat') return run(parts, effectKey, effect);

  // Of another task it may be under way this very moment; of this one it cannot, since a task has one attempt at a time.
  const ageMs = Date.now() - Date.parse(known.since);
  if (scope === 'agent' && ageMs < parts.timeoutMs) {
    throw new RetryLater(`effect "${effectKey.key}" is under way elsewhere`, { delayMs: parts.timeoutMs - ageMs });
  }
  if (onUncertain === 'fail') {
    const sentence = `effect "${effectKey.key}" was begun at ${known.since} and may have happened or not`;
    throw new PermanentFailure('effect_uncertain', sentence);
  }
  if ((await onUncertain()) !== 'done') return run(parts, effectKey, effect);
  await note(parts, effectKey, null);
  return null;
}

async function begin({ services, signal }: OnceParts, effectKey: EffectKey): Promise<EffectOutcome> {
  signal.throwIfAborted();
  try {
    return await services.beginEffect(effectKey);
  } catch (error) {
    if (error instanceof TaskFailure) throw error;
    // Nothing has happened yet, and without the note of it nothing may.
    throw new RetryLater(`effect "${effectKey.key}" cannot be noted down`, { cause: error });
  }
}

async function run<T>(parts: OnceParts, effectKey: EffectKey, effect: () => Promise<T>): Promise<unknown> {
  let result: unknown;
  try {
    result = await effect();
  } catch (error) {
    if (!mayHaveHappened(error, parts.signal)) await forget(parts, effectKey);
    throw error;
  }
  const kept = toJson(result);
  await note(parts, effectKey, kept.value);
  if (kept.fault !== null) {
    throw new PermanentFailure('invalid_effect_result', `the result of effect "${effectKey.key}" ${kept.fault}`);
  }
  return kept.value;
}

/** Cut off, or without an answer: whoever was asked may have done it all the same. */
function mayHaveHappened(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted) return true;
  if (error instanceof TaskFailure) return error.mayHaveHappened;
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || error.name === 'TimeoutError' || 'mayHaveHappened' in error;
}

/** It has happened, so the handler goes on even when this cannot be noted: only another attempt would find it uncertain. */
async function note({ services, logger }: OnceParts, effectKey: EffectKey, result: unknown): Promise<void> {
  try {
    await services.endEffect({ ...effectKey, result });
  } catch (error) {
    logger.error(
      { layer: 'agent', phase: 'hop', hopName: 'effect', result: 'error', error },
      'an effect cannot be noted down as done',
    );
  }
}

async function forget({ services, logger }: OnceParts, effectKey: EffectKey): Promise<void> {
  try {
    await services.forgetEffect(effectKey);
  } catch (error) {
    logger.warn(
      { layer: 'agent', phase: 'hop', hopName: 'effect', result: 'error', error },
      'an effect that did not happen stays uncertain',
    );
  }
}

/** The same the first time and later: what JSON keeps of it. */
function toJson(result: unknown): { readonly value: unknown; readonly fault: string | null } {
  try {
    const json = JSON.stringify(result) ?? 'null';
    if (Buffer.byteLength(json) > MAX_RESULT_BYTES)
      return { value: null, fault: `has more than ${MAX_RESULT_BYTES} bytes` };
    return { value: JSON.parse(json), fault: null };
  } catch (error) {
    return { value: null, fault: `is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
