import type { NotifyAccepted, Problem, TaskRecord, TraceView } from '@tracepost/contracts';

/** A caller of the API as anybody could be: fetch and JSON, nothing of the house. */
export interface Client {
  readonly url: string;
  call(path: string, init?: RequestInit): Promise<Answer>;
  notify(agentId: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Notifies, expects 202, and waits for the end. */
  run(
    agentId: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ accepted: NotifyAccepted; task: TaskRecord }>;
  task(taskId: string): Promise<TaskRecord>;
  /** Asks until the trace is complete. */
  completeTrace(traceId: string): Promise<TraceView>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json<T>(): T;
  problem(): Problem;
}

export function createClient(url: string): Client {
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(90_000), ...init });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: <T>() => JSON.parse(text) as T,
      problem: () => {
        const type = response.headers.get('content-type') ?? '';
        if (!type.startsWith('application/problem+json'))
          throw new Error(`not a problem but ${type}: ${text.slice(0, 300)}`);
        return JSON.parse(text) as Problem;
      },
    };
  };
  const notify = (agentId: string, body: unknown, headers: Record<string, string> = {}) =>
    call(`/api/v1/agents/${agentId}/notify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const task = async (taskId: string) => {
    const answer = await call(`/api/v1/tasks/${taskId}`, { headers: { prefer: 'wait=60' } });
    if (answer.status !== 200) throw new Error(`task ${taskId}: ${answer.status} ${answer.text}`);
    return answer.json<TaskRecord>();
  };

  return {
    url,
    call,
    notify,
    task,
    async run(agentId, body, headers) {
      const answer = await notify(agentId, body, headers);
      if (answer.status !== 202) throw new Error(`notify answered ${answer.status}: ${answer.text}`);
      const accepted = answer.json<NotifyAccepted>();
      return { accepted, task: await task(accepted.taskId) };
    },
    async completeTrace(traceId) {
      const deadline = Date.now() + 30_000;
      for (;;) {
        const answer = await call(`/api/v1/traces/${traceId}`);
        const trace = answer.status === 200 ? answer.json<TraceView>() : null;
        if (trace?.complete) return trace;
        if (Date.now() > deadline)
          throw new Error(`trace ${traceId} is not complete: ${answer.status} ${answer.text.slice(0, 3000)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}
