import type { ArtifactStore } from '@tracepost/stores';
import type { AttemptOutcome } from './attempt.ts';

/** A record holds at most this much of a result; more travels beside it. */
export const MAX_RESULT_BYTES = 256 * 1024;
const MAX_KEPT_BYTES = 25 * 1024 * 1024;

/**
 * A result too large for a record becomes an artifact, and `{ artifactId, bytes }` stands in its place. One that is no JSON at
 * all, or too large even for that, fails the task rather than being cut.
 */
export async function keepLargeResult(outcome: AttemptOutcome, artifacts: ArtifactStore): Promise<AttemptOutcome> {
  if (outcome.status !== 'succeeded') return outcome;
  const { usage } = outcome;
  try {
    const json = Buffer.from(JSON.stringify(outcome.result) ?? 'null');
    if (json.length <= MAX_RESULT_BYTES) return outcome;
    const info = await artifacts.put(json, { contentType: 'application/json', maxBytes: MAX_KEPT_BYTES });
    return { status: 'succeeded', result: { artifactId: info.artifactId, bytes: info.bytes }, usage };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      status: 'failed',
      error: { code: 'invalid_result', message: `the result cannot be kept: ${message}` },
      usage,
    };
  }
}
