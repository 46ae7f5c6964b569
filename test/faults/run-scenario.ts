import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '@tracepost/testing';
import { sendUntilAccepted, type Told, type WorkKind } from './client.ts';
import { AGENT_ID, type Fleet } from './fleet.ts';
import { type Judgement, judge } from './judge.ts';

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly messages: number;
  readonly perSecond: number;
  /** Share of each kind of work; the rest is `effect`. */
  readonly mix?: Partial<Record<WorkKind, number>>;
  /** What is done to the fleet while messages come; begins when a tenth of them were sent. */
  readonly disturb: (fleet: Fleet, tools: Tools) => Promise<void>;
  /** How long to wait, after the last message and the end of the disturbance, while no further task ends. */
  readonly settleMs?: number;
  readonly patienceMs?: number;
  /** It measures: nothing may run beside it. */
  readonly isAlone?: boolean;
  /** Workers, their threads or the process are killed: more may end as the death of a worker leaves it. */
  readonly isDeadly?: boolean;
  /** Hears what became of each message. */
  readonly onTold?: (told: Told) => void;
}

export interface Tools {
  readonly random: () => number;
  readonly seed: number;
  /** Writes down what was seen, for the table of results. */
  readonly note: (words: string) => void;
  /** A message of the fault's own: it judges itself what becomes of it. */
  readonly sendsItself: (key: string) => void;
  /** At which the messages come. */
  readonly perSecond: number;
  /** How long something is away that is taken away. */
  readonly outageMs: number;
  /** Aborted when all messages have been answered. */
  readonly sent: AbortSignal;
}

/** Long enough for every timeout to be met, short enough for every change; the long form takes longer ones. */
const SHORT_OUTAGE_MS = 8_000;
const LEAST_ACCEPTED = 0.9;

export interface ScenarioResult extends Judgement {
  readonly id: string;
  readonly seed: number;
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** One fault under load: sends, disturbs, waits, and has the ledger judge. */
export async function runScenario(
  fleet: Fleet,
  scenario: Scenario,
  seed: number,
  outageMs = SHORT_OUTAGE_MS,
): Promise<ScenarioResult> {
  const { id, messages, perSecond, mix = {}, disturb, settleMs = 120_000, patienceMs = 120_000 } = scenario;
  const random = createRandom(seed);
  const notes: string[] = [];
  const ownKeys = new Set<string>();
  const allSent = new AbortController();
  const began = performance.now();
  const under = { url: () => fleet.url, agentId: AGENT_ID, patienceMs };

  let disturbing: Promise<void> = Promise.resolve();
  const sending: Promise<Told>[] = [];
  let isDisturbed = true;
  // Goes on while there is something to go on through.
  for (let index = 0; index < messages || isDisturbed; index++) {
    if (index === Math.floor(messages / 10)) {
      const tools = {
        random: createRandom(seed + 1),
        seed,
        note: (words: string) => notes.push(words),
        sendsItself: (key: string) => ownKeys.add(key),
        perSecond,
        outageMs,
        sent: allSent.signal,
      };
      disturbing = disturb(fleet, tools);
      disturbing
        .catch(() => {})
        .finally(() => {
          isDisturbed = false;
        });
    }
    // An open loop: a slow answer does not slow down those who come after it.
    const due = began + (index * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    sending.push(sendUntilAccepted(under, { key: `${id}-${seed}-${index}`, kind: kindOf(random(), mix) }));
  }
  const history = await Promise.all(sending);
  for (const told of history) scenario.onTold?.(told);
  allSent.abort();
  // Whatever the fault found wrong, the ledger still judges what was accepted meanwhile.
  const found = await disturbing.then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  );
  const judgement = await judge(fleet, { history, settleMs, ownKeys, isDeadly: scenario.isDeadly ?? false });
  const answers: Record<string, number> = {};
  for (const told of history)
    for (const [word, count] of Object.entries(told.answers)) answers[word] = (answers[word] ?? 0) + count;
  notes.push(`answers ${JSON.stringify(answers)}`);
  return {
    ...judgement,
    broken: [...found, ...judgement.broken, ...tooFew(judgement)],
    id,
    seed,
    notes,
    seconds: Math.round((performance.now() - began) / 1_000),
  };
}

/** A client whose patience ended without a 202 was promised nothing; but a system that takes next to nothing keeps every promise. */
function tooFew({ sent, accepted }: Judgement): string[] {
  return accepted < LEAST_ACCEPTED * sent ? [`only ${accepted} of ${sent} were accepted`] : [];
}

function kindOf(share: number, mix: Partial<Record<WorkKind, number>>): WorkKind {
  let below = 0;
  for (const [kind, part] of Object.entries(mix)) {
    below += part;
    if (share < below) return kind as WorkKind;
  }
  return 'effect';
}
