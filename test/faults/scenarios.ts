import {
  badNetwork,
  blackHole,
  brokerBlocked,
  brokerKill,
  brokerRestart,
  confirmLost,
  connectionsClosed,
  databaseAway,
  deliveredTwice,
  dependencyAway,
  exchangeDeleted,
  flood,
  gatewayKills,
  inTurn,
  killsAfterEffect,
  passwordRotated,
  queueFull,
  secondProcess,
  sentThrice,
  workerKills,
  workersStopped,
  writeKills,
} from './faults.ts';
import type { Scenario } from './run-scenario.ts';

const load = { messages: 3_000, perSecond: 30 };
/** Handlers that fail in every way beside those that work. */
const TROUBLE = { flaky: 0.08, permanent: 0.01, hangs: 0.01, dies: 0.003 };

/** The long form: each fault alone, under load, with several seeds. */
export const FULL_SCENARIOS: readonly Scenario[] = [
  { id: 'F1', title: 'broker restarted in good order', ...load, disturb: brokerRestart },
  { id: 'F2', title: 'broker killed with confirms in flight', ...load, disturb: brokerKill },
  { id: 'F3', title: 'packets swallowed between gateway and broker', ...load, disturb: blackHole },
  { id: 'F4', title: 'slow, narrow and sliced connections', ...load, disturb: badNetwork },
  { id: 'F5', title: 'connection reset after the broker stored, before its confirm', ...load, disturb: confirmLost },
  { id: 'F6', title: 'broker takes no publishes (alarm)', ...load, disturb: brokerBlocked },
  { id: 'F7', title: 'queue at its maximum length', ...load, disturb: queueFull },
  { id: 'F8', title: 'exchange deleted while running', ...load, disturb: exchangeDeleted },
  { id: 'F9', title: 'connections closed by the broker', ...load, disturb: connectionsClosed },
  { id: 'F10', title: 'password rotated for a while', ...load, disturb: passwordRotated },
  { id: 'F13', title: 'workers killed fifty times', ...load, isDeadly: true, disturb: workerKills(50) },
  {
    id: 'F14',
    title: 'workers killed after the effect, before the ack',
    ...load,
    isDeadly: true,
    disturb: killsAfterEffect(15),
  },
  { id: 'F15', title: 'workers asked to stop while they work', ...load, disturb: workersStopped },
  {
    id: 'F16-F19',
    title: 'handlers that hang, block, die and fail for a while',
    ...load,
    mix: { ...TROUBLE, flaky: 0.3, blocks: 0.001 },
    isDeadly: true,
    disturb: async () => {},
    settleMs: 300_000,
  },
  {
    id: 'F20',
    title: 'what handlers call answers 503',
    ...load,
    mix: { calls: 1 },
    disturb: dependencyAway,
    settleMs: 180_000,
  },
  { id: 'F21', title: 'messages delivered twice and out of order', ...load, disturb: deliveredTwice },
  { id: 'F24', title: 'gateway killed between receiving and confirming', ...load, disturb: gatewayKills(10) },
  {
    id: 'F25',
    title: 'three times as much as it can take',
    messages: 4_500,
    perSecond: 20,
    disturb: flood,
    settleMs: 300_000,
    isAlone: true,
  },
  { id: 'F28', title: 'database of keys and inbox away', ...load, disturb: databaseAway },
];

export const EMBEDDED_SCENARIOS: readonly Scenario[] = [
  { id: 'F13/F24', title: 'the process killed at random points', ...load, isDeadly: true, disturb: gatewayKills(40) },
  // Two hundred times and more, over three seeds. The short form kills the broker alone: packages/messaging/test/embedded-crash.test.ts.
  {
    id: 'F36',
    title: 'the process killed while it writes',
    messages: 1_000,
    perSecond: 15,
    isDeadly: true,
    disturb: writeKills(70),
  },
  { id: 'F14', title: 'the process killed after the effect', ...load, isDeadly: true, disturb: killsAfterEffect(10) },
  { id: 'F15', title: 'the process asked to stop while it works', ...load, disturb: workersStopped },
  {
    id: 'F16-F18',
    title: 'handlers that hang, block, die and fail for a while',
    ...load,
    mix: { ...TROUBLE, flaky: 0.2, blocks: 0.001 },
    isDeadly: true,
    disturb: async () => {},
    settleMs: 300_000,
  },
  { id: 'F21', title: 'messages sent three times', ...load, disturb: sentThrice },
  { id: 'F39', title: 'a second process on the same folder', ...load, disturb: secondProcess },
];

/** The short form: one run over each fleet in which the faults follow each other, for every change. */
export const FULL_STORM: Scenario = {
  id: 'storm',
  title: 'broker, network, workers, gateway and database in trouble, one after the other',
  messages: 2_000,
  perSecond: 20,
  mix: { flaky: 0.08, permanent: 0.01, hangs: 0.005, dies: 0.001 },
  isDeadly: true,
  disturb: inTurn(
    brokerRestart,
    confirmLost,
    workerKills(4),
    brokerKill,
    killsAfterEffect(1),
    gatewayKills(2),
    databaseAway,
    workersStopped,
  ),
  settleMs: 180_000,
};

export const EMBEDDED_STORM: Scenario = {
  id: 'storm',
  title: 'the one process killed and stopped at random points, among handlers that fail',
  messages: 2_000,
  perSecond: 40,
  mix: { flaky: 0.08, permanent: 0.01, hangs: 0.005, dies: 0.001, blocks: 0.0005 },
  isDeadly: true,
  disturb: inTurn(gatewayKills(8), killsAfterEffect(2), workersStopped),
  settleMs: 180_000,
};
