import { PROBLEM_STATUS, type ProblemCode } from '../../src/index.ts';

interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: unknown }> }>;
}
export interface ApiDocument {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

/** Refusals in the lines of a gateway, as `GET /route CODE`, that its document does not tell of. */
export function undocumentedRefusals(
  document: ApiDocument,
  lines: readonly Record<string, unknown>[],
): readonly string[] {
  const missing = lines.flatMap(({ method, route, code }) => {
    const operation = document.paths[String(route)]?.[String(method).toLowerCase()];
    if (!operation || typeof code !== 'string' || !(code in PROBLEM_STATUS)) return [];
    const answer = operation.responses[String(PROBLEM_STATUS[code as ProblemCode])];
    const isTold = JSON.stringify(answer?.content?.['application/problem+json']?.schema ?? null).includes(`"${code}"`);
    return isTold ? [] : [`${method} ${route} ${code}`];
  });
  return [...new Set(missing)];
}
