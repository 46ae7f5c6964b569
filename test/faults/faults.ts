import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskRecord } from '@tracepost/contracts';
import { buildNotificationMessage } from '@tracepost/messaging';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createTelemetry } from '@tracepost/telemetry';
import { loadOverHttp, pick, until } from '@tracepost/testing';
import { sendUntilAccepted } from './client.ts';
import { AGENT_ID, type Fleet } from './fleet.ts';
import type { ServiceProcess } from './processes.ts';
import type { Tools } from './run-scenario.ts';

export type Fault = (fleet: Fleet, tools: Tools) => Promise<void>;

function serversOf(fleet: Fleet) {
  if (!fleet.servers) throw new Error('this fault needs the real servers');
  return fleet.servers;
}

/** F1: the broker's application is stopped in good order and started again. */
export const brokerRestart: Fault = async (fleet, { outageMs }) => {
  const { rabbit } = serversOf(fleet);
  await rabbit.ctl('stop_app');
  await sleep(outageMs / 2);
  await rabbit.ctl('start_app');
};

/** F2: killed with confirms in flight. Queues are made older than a few seconds first (RabbitMQ notes new ones late). */
export const brokerKill: Fault = async (fleet) => {
  await serversOf(fleet).rabbit.restart();
};

/** F3: packets are swallowed and nobody is told. */
export const blackHole: Fault = async (fleet, { outageMs }) => {
  const { gatewayLink } = serversOf(fleet);
  await gatewayLink.poison({ type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } });
  await gatewayLink.poison({ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } });
  await sleep(2 * outageMs);
  await gatewayLink.heal();
};

/** F4: slow, then narrow, then in slices. */
export const badNetwork: Fault = async (fleet, { outageMs }) => {
  const { gatewayLink, workerLink } = serversOf(fleet);
  for (const toxic of [
    { type: 'latency', attributes: { latency: 500, jitter: 200 } },
    { type: 'bandwidth', attributes: { rate: 10 } },
    { type: 'slicer', attributes: { average_size: 64, size_variation: 32, delay: 500 } },
  ]) {
    await Promise.all([gatewayLink.poison(toxic), workerLink.poison({ ...toxic, stream: 'upstream' })]);
    await sleep(outageMs);
    await Promise.all([gatewayLink.heal(), workerLink.heal()]);
  }
};

/** F5: what the gateway sends arrives, the confirm does not, and then the connection breaks; again and again. */
export const confirmLost: Fault = async (fleet, { random }) => {
  const { gatewayLink } = serversOf(fleet);
  for (let round = 0; round < 5; round++) {
    await gatewayLink.poison({ type: 'timeout', stream: 'downstream', attributes: { timeout: 0 } });
    await sleep(100 + 400 * random());
    await gatewayLink.cut();
    await sleep(200);
    await gatewayLink.heal();
    await sleep(2_000);
  }
};

/** F6: an alarm; the broker takes no publishes and goes on delivering. */
export const brokerBlocked: Fault = async (fleet, { outageMs }) => {
  const { rabbit } = serversOf(fleet);
  await rabbit.ctl('set_vm_memory_high_watermark', 'absolute', '1MB');
  await sleep(outageMs);
  await rabbit.ctl('set_vm_memory_high_watermark', '0.6');
};

/** F7: the queue is at its maximum length. */
export const queueFull: Fault = async (fleet, { outageMs }) => {
  const { rabbit } = serversOf(fleet);
  const policy = JSON.stringify({ 'max-length': 20 });
  for (const worker of fleet.workers) worker.pause();
  await rabbit.ctl('set_policy', 'full', `^agent.${AGENT_ID}$`, policy, '--apply-to', 'queues');
  await sleep(outageMs);
  await rabbit.ctl('clear_policy', 'full');
  for (const worker of fleet.workers) worker.resume();
};

/** F8: the exchange is deleted while messages come. */
export const exchangeDeleted: Fault = async (fleet, { outageMs }) => {
  const { rabbit } = serversOf(fleet);
  const key = Buffer.from(`${rabbit.username}:${rabbit.password}`).toString('base64');
  await fetch(`${rabbit.managementUrl}/api/exchanges/%2F/agents`, {
    method: 'DELETE',
    headers: { authorization: `Basic ${key}` },
  });
  await sleep(outageMs / 2);
};

/** F9: every connection is closed by the broker, several times. */
export const connectionsClosed: Fault = async (fleet) => {
  for (let round = 0; round < 3; round++) {
    await serversOf(fleet).rabbit.closeAllConnections();
    await sleep(3_000);
  }
};

/** F10: the password is another one for a while. */
export const passwordRotated: Fault = async (fleet, { outageMs }) => {
  const { rabbit } = serversOf(fleet);
  await rabbit.ctl('change_password', rabbit.username, 'another one');
  await rabbit.closeAllConnections();
  await sleep(outageMs);
  await rabbit.ctl('change_password', rabbit.username, rabbit.password);
};

/** F13: workers are killed at random moments and started again. */
export function workerKills(times: number): Fault {
  return async ({ workers }, { random }) => {
    for (let kill = 0; kill < times; kill++) {
      await sleep(300 + 1_500 * random());
      const worker = pick(random, workers);
      await worker.kill();
      await worker.start();
    }
  };
}

/** F14: killed exactly after the effect, before anybody inside has heard of it. */
export function killsAfterEffect(times: number): Fault {
  return async ({ workers, effects }, { random, sent }) => {
    for (let kill = 0; kill < times && !sent.aborted; kill++) {
      const happened = Promise.withResolvers<void>();
      effects.onEffect(async () => {
        effects.onEffect(null);
        await Promise.all(workers.map((worker) => worker.kill()));
        happened.resolve();
      });
      await Promise.race([happened.promise, sleep(20_000, undefined, { ref: false })]);
      effects.onEffect(null);
      await Promise.all(workers.map((worker) => worker.start()));
      await sleep(500 + 500 * random());
    }
  };
}

/** F15: workers are asked to stop while they work, one after the other; each has to end within ten seconds and its grace. */
export const workersStopped: Fault = async ({ workers }, { note }) => {
  for (const worker of workers) {
    const ms = await worker.terminate();
    note(`${worker.name} stopped after ${Math.round(ms)} ms`);
    if (ms > 11_000) throw new Error(`${worker.name} took ${ms} ms to stop`);
    await worker.start();
  }
};

/** What F20 leaves of the calls that would have been made. */
const MOST_CALLS = 0.1;

/** F20: what the handlers call answers 503 for a while. Few calls may reach it meanwhile: its breakers are open. */
export const dependencyAway: Fault = async ({ effects }, { outageMs, perSecond, note }) => {
  const callsBefore = effects.calls;
  effects.answerWith({ status: 503, retryAfterSeconds: 1 });
  await sleep(outageMs);
  const calls = effects.calls - callsBefore;
  effects.answerWith(null);
  const normal = (perSecond * outageMs) / 1_000;
  note(`${calls} calls while it was away, where ${normal} tasks came`);
  if (calls > MOST_CALLS * normal) throw new Error(`${calls} calls reached it while it was away, of ${normal} tasks`);
};

/** F21: messages that come twice, some time apart and out of order, from a publisher that is not ours. */
export const deliveredTwice: Fault = async (fleet, { random, note, seed, sendsItself }) => {
  const { rabbit } = serversOf(fleet);
  const telemetry = createTelemetry({ serviceName: 'faults' });
  const { url, username, password } = rabbit;
  await using broker = createRabbitMqBroker({ url, username, password, connectionName: 'faults', telemetry });
  const messages = Array.from({ length: 50 }, (_, index) =>
    buildNotificationMessage(
      {
        agentId: AGENT_ID,
        taskId: `twice-${seed}-${index}`,
        notificationType: 'work.effect',
        data: { key: `twice-${seed}-${index}`, workMs: 1_000 },
        source: 'faults',
        correlationId: 'twice',
        sessionId: null,
        tenantId: 'default',
        priority: 'normal',
        timeoutMs: null,
        budget: null,
        parentTaskId: null,
        depth: 0,
      },
      { now: Date.now(), traceHeaders: {} },
    ),
  );
  await until(() => broker.state === 'ready', { what: 'the broker to be ready' });
  for (const { messageId } of messages) sendsItself(messageId ?? '');
  // At once, and again in another order when some have ended, some are at work and some wait.
  for (const message of messages) await broker.publish(message);
  await sleep(1_500);
  for (const message of [...messages].sort(() => random() - 0.5)) await broker.publish(message);
  await sleep(15_000);
  const often = messages.filter(({ messageId }) => fleet.effects.countOf(messageId ?? '') !== 1);
  note(`${messages.length} messages delivered twice, ${often.length} without exactly one effect`);
  if (often.length > 0) throw new Error(`delivered twice: ${often.map(({ messageId }) => messageId).join(', ')}`);
};

/** F21 where messages come over HTTP alone: each is sent three times under its key, two at once and one when it has most likely ended. */
export const sentThrice: Fault = async (fleet, { note, seed, sendsItself }) => {
  const under = { url: () => fleet.url, agentId: AGENT_ID, patienceMs: 60_000 };
  const keys = Array.from({ length: 100 }, (_, index) => `thrice-${seed}-${index}`);
  for (const key of keys) sendsItself(key);
  const send = (key: string) => sendUntilAccepted(under, { key, kind: 'effect', workMs: 500 });
  const told = await Promise.all(keys.flatMap((key) => [send(key), send(key)]));
  await sleep(15_000);
  told.push(...(await Promise.all(keys.map(send))));
  const tasks = new Set(told.map(({ taskId }) => taskId));
  const often = keys.filter((key) => fleet.effects.countOf(key) !== 1);
  note(`${keys.length} messages sent three times: ${tasks.size} tasks, ${often.length} without exactly one effect`);
  if (tasks.size !== keys.length || often.length > 0) throw new Error(`${tasks.size} tasks; ${often.join(', ')}`);
};

/** F39: others are started on the folder of the one that works. They end, and say whose it is. */
export const secondProcess: Fault = async ({ gateway, startSecond }, { note }) => {
  if (!startSecond) throw new Error('there is no folder that two could want');
  for (let start = 0; start < 5; start++) {
    const words = await startSecond();
    if (!words.includes(`in use by process ${gateway.pid}`)) throw new Error(`the second one said: ${words}`);
    await sleep(1_000);
  }
  note(`five others were told that the folder is in use by process ${gateway.pid}`);
};

/** F24: the gateway is killed between receiving and confirming. */
export function gatewayKills(times: number): Fault {
  return async ({ gateway }, { random }) => {
    for (let kill = 0; kill < times; kill++) {
      await sleep(500 + 1_000 * random());
      await gateway.kill();
      await gateway.start();
    }
  };
}

/**
 * F36: killed while it writes. Clients that were turned away meanwhile come all at once, so the first moments after a start are
 * full of writes. Opening what a kill has left may take as long again as a start in good order, and two seconds; the median speaks, since one
 * start on a busy machine says little. Two seconds alone is what is wanted and not what is judged: with three runs at a time on two cores, whose
 * clients all come back at once, a start in good order took 7 s itself, and one run in three was over by 3.5 s. After each third kill all work comes to its end: what is at work at five kills in a row is taken
 * for what kills, and given up.
 */
export function writeKills(times: number): Fault {
  return async ({ gateway, url }, { random, note }) => {
    await gateway.terminate();
    const inOrderMs = await startMs(gateway);
    const openedMs: number[] = [];
    for (let kill = 0; kill < times; kill++) {
      await sleep(600 * random());
      await gateway.kill();
      openedMs.push(await startMs(gateway));
      if (kill % 3 === 2) await untilEnded(url, new Date());
    }
    openedMs.sort((a, b) => a - b);
    const median = openedMs[Math.floor(times / 2)] ?? 0;
    const longest = openedMs.at(-1) ?? 0;
    note(`started in ${inOrderMs} ms in good order, after a kill in ${median} ms (median) to ${longest} ms`);
    if (median > 2 * inOrderMs + 2_000) throw new Error(`it took ${median} ms to open what a kill had left`);
  };
}

/** Until every task that was accepted before has ended; others may come meanwhile. */
async function untilEnded(url: string, acceptedBefore: Date): Promise<void> {
  const oldest = `${url}/api/v1/tasks?status=accepted,running,retrying&sort=oldest&limit=1`;
  const areEnded = async (): Promise<boolean> => {
    const { items } = (await (await fetch(oldest)).json()) as { items: TaskRecord[] };
    return items.every(({ acceptedAt }) => Date.parse(acceptedAt) > acceptedBefore.getTime());
  };
  await until(areEnded, { timeoutMs: 180_000, everyMs: 500, what: 'the tasks from before a kill to have ended' });
}

async function startMs(one: ServiceProcess): Promise<number> {
  const began = performance.now();
  await one.start();
  return Math.round(performance.now() - began);
}

/** What a gateway that is asked for three times as much as it can take keeps of its rate, and how much longer its answers take. */
const GOODPUT = 0.85;
const SLOWER = 2;
/** The queue takes 100,000; what is accepted here has to fit, and to be worked off afterwards. */
const FLOOD_S = 180;

/**
 * KB a second that go to the broker: this is what limits it, not the cores that it shares here with its clients, its workers and its
 * servers: where they are the limit, turning two of three away in words takes from them what the third needs.
 */
const THIN_LINE = 200;

/** F25: three times its capacity, from clients without keys beside those that are judged. Turned away in words, nobody is left waiting. */
export const flood: Fault = async (fleet, { note, seed }) => {
  const { url } = fleet;
  const { gatewayLink } = serversOf(fleet);
  await gatewayLink.poison({ type: 'bandwidth', stream: 'upstream', attributes: { rate: THIN_LINE } });
  const body = JSON.stringify({ notificationType: 'work.nothing', payload: { key: 'flood' } });
  const load = { url: `${url}/api/v1/agents/${AGENT_ID}/notify`, body, connections: 256, seed };
  // As few as are never turned away, and enough to leave the line no pause.
  const { acceptedPerSecond: capacity } = await loadOverHttp({ ...load, connections: 24, seconds: 8, perSecond: null });
  const nearly = await loadOverHttp({ ...load, seconds: 30, perSecond: 0.9 * capacity });
  const over = await loadOverHttp({ ...load, connections: 1_000, seconds: FLOOD_S, perSecond: 3 * capacity });
  await sleep(5_000);
  const after = await loadOverHttp({ ...load, seconds: 5, perSecond: 0.3 * capacity });
  await gatewayLink.heal();
  note(
    `takes ${Math.round(capacity)}/s; at nine tenths p99 ${Math.round(nearly.p99Ms)} ms; at three times ${Math.round(over.acceptedPerSecond)}/s, p99 of the accepted ${Math.round(over.p99Ms)} ms, answers ${JSON.stringify(over.answers)}; after it ${JSON.stringify(after.answers)}`,
  );
  const faults = [
    over.acceptedPerSecond < GOODPUT * capacity && 'the flood left too little of its rate',
    over.p99Ms > SLOWER * nearly.p99Ms && 'who was accepted waited too long',
    over.withoutRetryAfter > 0 && 'some were turned away without a word when to come again',
    Object.keys(over.answers).some((word) => !['202', '429', '503', 'closed'].includes(word)) && 'other answers came',
    Object.keys(after.answers).some((word) => word !== '202') && 'five seconds later not everybody was accepted',
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new Error(faults.join('; '));
};

/** F28: the database of keys, inbox and records is away. */
export const databaseAway: Fault = async (fleet, { outageMs }) => {
  const { databaseLink } = serversOf(fleet);
  await databaseLink.cut();
  await sleep(outageMs);
  await databaseLink.heal();
};

/** One after the other, with a breath between them. */
export function inTurn(...faults: readonly Fault[]): Fault {
  return async (fleet, tools) => {
    for (const fault of faults) {
      await fault(fleet, tools);
      await sleep(2_000);
    }
  };
}
