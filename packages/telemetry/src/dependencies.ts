import type { Metrics } from './metrics.ts';

/** Whether a dependency answers: known at once (null: not yet), or by asking it. A rejected promise is no answer. */
export type DependencyProbe = () => boolean | null | Promise<void>;

/** A collection that comes sooner has the last answer again. */
const ASK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 5_000;

/**
 * Tells of each dependency of a service, by name, whether it is there (`tracepost.dependency.up`). Asking is done when metrics are
 * collected, and told with the next collection; what does not answer in 5 s is not there. The returned function ends it.
 */
export function observeDependencies(
  { metrics }: { readonly metrics: Pick<Metrics, 'observe'> },
  probes: Readonly<Record<string, DependencyProbe>>,
): () => void {
  const watched = Object.entries(probes).map(([name, probe]) => ({ name, look: createLook(probe) }));
  return metrics.observe('tracepost.dependency.up', () =>
    watched.flatMap(({ name, look }) => {
      const isUp = look();
      // Before the first answer nobody knows.
      return isUp === null ? [] : [{ value: isUp ? 1 : 0, attributes: { 'tracepost.dependency': name } }];
    }),
  );
}

function createLook(probe: DependencyProbe): () => boolean | null {
  let isUp: boolean | null = null;
  let askedMs = Number.NEGATIVE_INFINITY;
  let isAsking = false;

  /** One that hangs is not asked again until it has answered: questions must not pile up. */
  const ask = (answer: Promise<void>): void => {
    isAsking = true;
    const late = setTimeout(() => settle(false), ANSWER_WITHIN_MS).unref();
    const settle = (isAnswer: boolean): void => {
      clearTimeout(late);
      isUp = isAnswer;
    };
    const end = (isAnswer: boolean): void => {
      isAsking = false;
      settle(isAnswer);
    };
    answer.then(
      () => end(true),
      () => end(false),
    );
  };

  return () => {
    if (isAsking || performance.now() - askedMs < ASK_EVERY_MS) return isUp;
    askedMs = performance.now();
    try {
      const answer = probe();
      if (answer === null || typeof answer === 'boolean') {
        // Costs nothing to know: looked up each time.
        askedMs = Number.NEGATIVE_INFINITY;
        isUp = answer;
      } else ask(answer);
    } catch {
      isUp = false;
    }
    return isUp;
  };
}
