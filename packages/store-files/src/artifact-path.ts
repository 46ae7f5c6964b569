import { join } from 'node:path';
import { ARTIFACT_ID_PATTERN } from '@tracepost/contracts';

const ARTIFACT_ID = new RegExp(ARTIFACT_ID_PATTERN);

/** Where artifacts are while they are written, on the same disk as their place, so that one rename moves them there. */
export function temporaryFolder(root: string): string {
  return join(root, 'tmp');
}

/**
 * `<root>/<day>/<id>`: the id is a UUIDv7, whose first 48 bits are the milliseconds of its making, so that each day has
 * a folder of its own. Null for anything that is not an artifact id: no other text ever becomes part of a path.
 */
export function artifactFolder(root: string, artifactId: string): string | null {
  if (!ARTIFACT_ID.test(artifactId)) return null;
  const madeAtMs = Number.parseInt(artifactId.replaceAll('-', '').slice(0, 12), 16);
  const day = new Date(madeAtMs).toISOString().split('T')[0];
  return day === undefined ? null : join(root, day, artifactId);
}

export function contentFile(folder: string): string {
  return join(folder, 'content');
}

export function infoFile(folder: string): string {
  return join(folder, 'info.json');
}
