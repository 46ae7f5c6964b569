import { ActionRequest } from '@tracepost/contracts';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { traceOf } from '../http/request-trace.ts';
import type { Asker } from '../tasks/asked.ts';

/** The body may be left out. */
export const OptionalActionRequest = Type.Union([ActionRequest, Type.Null()]);

/** Until there are keys, nobody knows who comes over HTTP but by what they say. */
const NOBODY_NAMED = 'http';

export function askerOf(request: Pick<FastifyRequest, 'trace'>, by: string | undefined): Asker {
  const { traceId, correlationId, context } = traceOf(request);
  return { by: by ?? NOBODY_NAMED, traceId, correlationId, context };
}
