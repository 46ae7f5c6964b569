import { type ArtifactStore, ArtifactTooLargeError } from '@tracepost/stores';
import { TaskFailure } from './failures.ts';

/** A record holds at most this much of a result; more travels beside it. */
export const MAX_RESULT_BYTES = 256 * 1024;
const MAX_KEPT_BYTES = 25 * 1024 * 1024;

/**
 * A result too large for a record becomes an artifact, and `{ artifactId, bytes }` stands in its place. One that is no JSON at
 * all, or too large even for that, fails the task rather than being cut. What is given back is plain JSON.
 */
export async function keepLargeResult(result: unknown, artifacts: ArtifactStore): Promise<unknown> {
  const json = toJson(result);
  if (json.length <= MAX_RESULT_BYTES) return JSON.parse(json.toString());
  try {
    const { artifactId, bytes } = await artifacts.put(json, {
      contentType: 'application/json',
      maxBytes: MAX_KEPT_BYTES,
    });
    return { artifactId, bytes };
  } catch (error) {
    throw refuse(error, !(error instanceof ArtifactTooLargeError));
  }
}

function toJson(result: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(result) ?? 'null');
  } catch (error) {
    throw refuse(error, false);
  }
}

function refuse(error: unknown, isRetryable: boolean): TaskFailure {
  const message = error instanceof Error ? error.message : String(error);
  return new TaskFailure('invalid_result', `the result cannot be kept: ${message}`, { cause: error, isRetryable });
}
