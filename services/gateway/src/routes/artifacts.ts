import type { IncomingMessage } from 'node:http';
import { ArtifactId, ArtifactInfo, MAX_ARTIFACT_BYTES } from '@tracepost/contracts';
import { type ArtifactStore, ArtifactTooLargeError } from '@tracepost/stores';
import { ATTR, type Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';

export interface ArtifactRouteOptions {
  readonly artifacts: ArtifactStore;
  readonly logger: Logger;
}

/** One type and subtype with plain parameters: it is given back as a header. */
const CONTENT_TYPE = /^[a-z0-9][\w.+-]{0,63}\/[a-z0-9][\w.+-]{0,63}(?:; ?[\w-]{1,32}=[\w.+-]{1,64}){0,4}$/i;

/** `POST` and `GET /api/v1/artifacts`: large things travel beside the message, as raw bytes. */
export function addArtifactRoutes(server: GatewayServer, { artifacts, logger }: ArtifactRouteOptions): void {
  const tellUnavailable = (error: unknown): void =>
    logger.warn({ layer: 'store', result: 'error', error }, 'The artifact store does not answer');

  server.register(async (scope) => {
    const app = scope as unknown as GatewayServer;
    // Any type is taken, JSON too, and none is read: the body goes to the store as it comes.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _body, done) => done(null));

    app.post(
      '/api/v1/artifacts',
      {
        schema: {
          summary: 'Keep an image or another large thing',
          description: 'A raw body with its content type, at most 25 MiB. The answer comes when it is on disk.',
          tags: ['artifacts'],
          response: { 201: ArtifactInfo },
          'x-tracepost': {
            problems: ['ARTIFACTS_UNAVAILABLE'],
            answerHeaders: ['Location'],
            rawBody: {
              description: 'The bytes, under whatever type they have; at most 25 MiB, at least one byte',
              mediaTypes: ['application/octet-stream', 'image/png', 'image/jpeg', 'image/webp'],
            },
          },
        },
      },
      async (request, reply) => {
        const trace = traceOf(request);
        const refusal = refuseUpload(request.raw) ?? ((await isEmpty(request.raw)) ? EMPTY : null);
        if (refusal) {
          // The rest of the body would be taken for the next request.
          reply.header('connection', 'close');
          return sendProblem(reply, refusal);
        }
        try {
          const info = await artifacts.put(request.raw, {
            contentType: request.raw.headers['content-type'] ?? '',
            maxBytes: MAX_ARTIFACT_BYTES,
          });
          reachHop(trace, 'store', 'stored');
          trace.span?.setAttribute(ATTR.artifactId, info.artifactId);
          reply.header('location', `/api/v1/artifacts/${info.artifactId}`);
          return reply.code(201).send(info);
        } catch (error) {
          reply.header('connection', 'close');
          if (error instanceof ArtifactTooLargeError) return sendProblem(reply, TOO_LARGE);
          if (request.raw.destroyed && !request.raw.complete)
            return sendProblem(reply, {
              code: 'MALFORMED_HTTP',
              detail: 'The body ended before it was whole. Nothing was kept.',
            });
          tellUnavailable(error);
          return sendProblem(reply, {
            code: 'ARTIFACTS_UNAVAILABLE',
            detail: 'The artifact cannot be kept now. Nothing was kept.',
            retryAfterSeconds: 2,
          });
        }
      },
    );

    app.get(
      '/api/v1/artifacts/:artifactId',
      {
        schema: {
          summary: 'Give an artifact back',
          tags: ['artifacts'],
          params: Type.Object({ artifactId: ArtifactId }),
          response: { 200: BYTES },
          'x-tracepost': { problems: ['ARTIFACT_NOT_FOUND', 'ARTIFACTS_UNAVAILABLE'], answerHeaders: ['ETag'] },
        },
      },
      async (request, reply) => {
        try {
          const found = await withDeadline(
            artifacts.get(request.params.artifactId),
            LIMITS.storeTimeoutMs,
            'The artifact store',
          );
          if (!found)
            return sendProblem(reply, { code: 'ARTIFACT_NOT_FOUND', detail: 'There is no artifact with this id.' });
          reply.header('content-type', found.info.contentType);
          reply.header('content-length', String(found.info.bytes));
          reply.header('etag', `"${found.info.sha256}"`);
          // Somebody's upload must never run as a page of ours.
          reply.header('content-security-policy', "default-src 'none'; sandbox");
          reply.header('x-content-type-options', 'nosniff');
          return reply.code(200).send(found.open());
        } catch (error) {
          tellUnavailable(error);
          return sendProblem(reply, {
            code: 'ARTIFACTS_UNAVAILABLE',
            detail: 'The artifact cannot be read now.',
            retryAfterSeconds: 2,
          });
        }
      },
    );
  });
}

/** In the document only: bytes are not serialised. */
const BYTES = {
  description: 'The bytes as they came',
  content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
} as const;

const TOO_LARGE = { code: 'BODY_TOO_LARGE', detail: 'An artifact has at most 25 MiB. Nothing was kept.' } as const;

function refuseUpload({ headers }: IncomingMessage) {
  if (!CONTENT_TYPE.test(headers['content-type'] ?? ''))
    return {
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: 'An artifact needs its content type, such as image/png.',
    } as const;
  if (Number(headers['content-length']) > MAX_ARTIFACT_BYTES) return TOO_LARGE;
  return null;
}

const EMPTY = { code: 'INVALID_REQUEST', detail: 'The body is empty: there is nothing to keep.' } as const;

/** True when the body ends before its first byte, which a length does not always say. */
async function isEmpty(body: IncomingMessage): Promise<boolean> {
  const { headers } = body;
  if (headers['content-length'] !== undefined) return Number(headers['content-length']) === 0;
  if (headers['transfer-encoding'] === undefined) return true;
  if (body.readableLength === 0) await nextSign(body);
  const chunk: Buffer | null = body.destroyed ? null : body.read();
  // A body that broke off is told as that, by whoever reads it.
  if (chunk === null) return body.complete;
  body.unshift(chunk);
  return false;
}

/** That there is something to read, or nothing more to come. */
function nextSign(body: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ['readable', 'end', 'close', 'error'] as const;
  const settle = (): void => {
    for (const event of events) body.off(event, settle);
    resolve();
  };
  for (const event of events) body.once(event, settle);
  return promise;
}
