import Type, { type Static } from 'typebox';
import { ArtifactId } from './patterns.ts';

export const MAX_ARTIFACT_BYTES = 25 * 1024 * 1024;

/** Answer of `POST /api/v1/artifacts`. */
export const ArtifactInfo = Type.Object({
  artifactId: ArtifactId,
  bytes: Type.Integer(),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  contentType: Type.String(),
});
export type ArtifactInfo = Static<typeof ArtifactInfo>;
