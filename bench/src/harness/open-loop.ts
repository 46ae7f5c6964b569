import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly failed: number;
}

/**
 * POSTs at a fixed rate of arrival, whether or not earlier ones were answered; each is timed from when it was due, so that a
 * stall is felt by everybody who would have come during it (no coordinated omission).
 */
export async function openLoop(url: string, body: string, perSecond: number, seconds: number): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const took: number[] = [];
  let failed = 0;
  const asked: Promise<void>[] = [];
  const began = performance.now();
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = began + (index * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    asked.push(
      ask(agent, url, body).then((isAccepted) => {
        if (isAccepted) took.push(performance.now() - due);
        else failed++;
      }),
    );
  }
  await Promise.all(asked);
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), failed };
}

function ask(agent: Agent, url: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 202));
    });
    asked.on('error', () => resolve(false));
    asked.end(body);
  });
}
