import { ARTIFACT_ID_PATTERN } from '@tracepost/contracts';
import Type, { type Static } from 'typebox';

/** Each image is read, cut and written by itself; what bounds a batch is the time that one attempt may take. */
export const MAX_BATCH_IMAGES = 100;

const Quality = Type.Optional(
  Type.Union([Type.Literal('low'), Type.Literal('medium'), Type.Literal('high')], {
    description: 'medium when not given; in a batch, what the batch says',
  }),
);

const ImageRequest = Type.Union([
  Type.Object(
    { imageId: Type.String({ pattern: ARTIFACT_ID_PATTERN, description: 'An artifact' }), quality: Quality },
    { additionalProperties: false },
  ),
  Type.Object(
    { imageBase64: Type.String({ minLength: 1, description: 'A small image, within the message' }), quality: Quality },
    { additionalProperties: false },
  ),
]);
export type ImageRequest = Static<typeof ImageRequest>;

const BatchRequest = Type.Object(
  { images: Type.Array(ImageRequest, { minItems: 1, maxItems: MAX_BATCH_IMAGES }), quality: Quality },
  { additionalProperties: false },
);
export type BatchRequest = Static<typeof BatchRequest>;

/** One image, or several as a batch. */
export const RemoveRequest = Type.Union([...ImageRequest.anyOf, BatchRequest]);
export type RemoveRequest = Static<typeof RemoveRequest>;
