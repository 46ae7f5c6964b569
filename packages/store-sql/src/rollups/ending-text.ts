import type { Ending, TaskEnding } from '@tracepost/stores';

type Fields = readonly [
  endedAtMs: number,
  status: Ending,
  responseMs: number,
  queueWaitUs: number | null,
  runUs: number,
  costPicodollars: string,
  isUnpriced: 0 | 1,
];

/** What the roll-ups have counted of a task, beside its record: exactly this is taken back, should it turn out otherwise. */
export function toEndingText(ending: TaskEnding): string {
  const { endedAtMs, status, responseMs, queueWaitUs, runUs, costPicodollars, isUnpriced } = ending;
  const fields: Fields = [
    endedAtMs,
    status,
    responseMs,
    queueWaitUs,
    runUs,
    String(costPicodollars),
    isUnpriced ? 1 : 0,
  ];
  return JSON.stringify(fields);
}

export function fromEndingText(text: string, who: Pick<TaskEnding, 'tenantId' | 'agentId'>): TaskEnding {
  const [endedAtMs, status, responseMs, queueWaitUs, runUs, cost, isUnpriced] = JSON.parse(text) as Fields;
  const costPicodollars = BigInt(cost);
  return { ...who, endedAtMs, status, responseMs, queueWaitUs, runUs, costPicodollars, isUnpriced: isUnpriced === 1 };
}
