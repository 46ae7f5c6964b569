import type { WholeFormat } from '../format-reader.ts';
import { readElements } from '../json/read-elements.ts';
import { MiniTaker } from './mini-taker.ts';
import { TrajectoryTaker } from './trajectory-taker.ts';

const STEP = ['action', 'observation', 'response', 'thought', 'execution_time', 'state'];
// Not the whole steps: each has the whole prompt in it too.
const RUN = [...STEP.map((name) => `trajectory.*.${name}`), 'history.*', 'info', 'environment', 'replay_config'];

/** A `.traj` file: the steps of one run, then the whole conversation, then what it cost. */
export const sweAgent: WholeFormat = {
  format: 'swe-agent',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\{/.test(text) &&
    (/"trajectory"\s*:\s*\[\s*(?:\]|\{\s*"(?:action|observation|response|thought|query|state|execution_time)"\s*:)/.test(
      text,
    ) ||
      (/"history"\s*:\s*\[/.test(text) && /"agent"\s*:\s*"(?:primary|main)"/.test(text))),
  open: (context) =>
    readElements(context, [...RUN.map((way) => `attempts.*.${way}`), ...RUN], new TrajectoryTaker(context)),
};

/** The files of the small one: what it cost, then the conversation with the answers of the model as they came. */
export const miniSweAgent: WholeFormat = {
  format: 'swe-agent',
  kind: 'whole',
  recognise: ({ text }) =>
    isFirstMini(text) ||
    (/^\s*\{/.test(text) &&
      (/"trajectory_format"\s*:\s*"mini-swe-agent/.test(text) ||
        /"mini_version"\s*:/.test(text) ||
        // The work can be longer than what is looked at.
        /^\s*\{\s*"info"\s*:\s*\{\s*"exit_status"\s*:\s*(?:null|"[^"]{0,200}")\s*,\s*"submission"\s*:/.test(text) ||
        (/"messages"\s*:\s*\[/.test(text) && /"model_stats"\s*:\s*\{[^}]{0,500}"instance_cost"/.test(text)))),
  open: (context) => readElements(context, ['info', 'messages.*', 'instance_id', '*'], new MiniTaker(context)),
};

/** At first it wrote the conversation alone, in which only the words that end a run tell whose it is. */
function isFirstMini(text: string): boolean {
  return (
    /^\s*\[\s*\{\s*"role"\s*:\s*"system"/.test(text) &&
    /\b(?:MI(?:NI|CRO)_SWE_AGENT|COMPLETE_TASK_AND_SUBMIT)_FINAL_OUTPUT\b/.test(text)
  );
}
