import { PROBLEM_STATUS, type ProblemCode } from '../../services/gateway/src/http/problem.ts';
import { PROBLEM_MEANINGS } from '../../services/gateway/src/http/problem-meanings.ts';
import { code, table } from './table.ts';

export function problemsPage(): string {
  const rows = (Object.keys(PROBLEM_STATUS) as ProblemCode[]).map((name) => [
    code(name),
    String(PROBLEM_STATUS[name]),
    PROBLEM_MEANINGS[name],
  ]);
  return `# Problems

What the API answers instead of a result: \`application/problem+json\` (RFC 9457) with a \`code\` of this list, the \`traceId\` to look up,
and in \`detail\` what happened in this case. With \`Retry-After\` the same request may succeed later.

${table(['code', 'status', 'when'], rows)}
`;
}
