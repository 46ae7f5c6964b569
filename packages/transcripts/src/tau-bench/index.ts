import type { WholeFormat } from '../format-reader.ts';
import { readElements } from '../json/read-elements.ts';
import { TauBenchTaker } from './results.ts';
import { SIMULATIONS, SimulationsTaker } from './simulations.ts';

/** What the benchmark writes of its runs: a list with one entry for each, which holds the whole conversation. */
export const tauBench: WholeFormat = {
  format: 'tau-bench',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\[\s*\{/.test(text) && /"task_id"\s*:/.test(text) && /"(?:traj|reward|reward_info)"\s*:/.test(text),
  open: (context) =>
    readElements(context, ['*.task_id', '*.trial', '*.reward', '*.info', '*.traj.*'], new TauBenchTaker(context)),
};

/** What its second version writes: how it was run, its tasks, then the runs, or each run in a file of its own. */
export const tau2Bench: WholeFormat = {
  format: 'tau-bench',
  kind: 'whole',
  recognise: ({ text }) => isResults(text) || isOneRun(text),
  open: (context) => readElements(context, SIMULATIONS, new SimulationsTaker(context)),
};

function isResults(text: string): boolean {
  return (
    /^\s*\{/.test(text) &&
    /"info"\s*:\s*\{/.test(text) &&
    /"user_info"\s*:\s*\{/.test(text) &&
    /"(?:agent_info|simulations)"\s*:/.test(text)
  );
}

function isOneRun(text: string): boolean {
  return (
    /^\s*\{\s*"id"\s*:\s*"[^"]{1,200}"\s*,\s*"task_id"\s*:/.test(text) &&
    /"termination_reason"\s*:\s*"/.test(text) &&
    /"(?:messages|ticks)"\s*:/.test(text)
  );
}
