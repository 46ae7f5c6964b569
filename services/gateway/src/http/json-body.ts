import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseStrictJson } from './strict-json.ts';

/** JSON that cannot be taken as it is; the message says why, for the sender. */
export class JsonRefusedError extends Error {
  readonly code = 'gateway/json-refused';
  readonly isRetryable = false;
}

/** Another media type, or another charset, than JSON in UTF-8. */
export class MediaTypeRefusedError extends Error {
  readonly code = 'gateway/media-type-refused';
  readonly isRetryable = false;
}

const JSON_IN_UTF8 = /^application\/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/** `application/json` in UTF-8, strictly read, is all that routes with a JSON body take. */
export function takeOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
}

function parseJsonBody(
  request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  const mediaType = request.raw.headers['content-type'];
  if (mediaType !== 'application/json' && !JSON_IN_UTF8.test(mediaType ?? '')) {
    done(new MediaTypeRefusedError('the media type is not JSON in UTF-8'));
    return;
  }
  const parsed = parseStrictJson(body, request.routeOptions.config.maxJsonKeys);
  if (parsed.isValid) done(null, parsed.value);
  else done(new JsonRefusedError(parsed.fault));
}
