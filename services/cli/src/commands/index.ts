import type { Command } from '../command.ts';
import { agents } from './agents.ts';
import { deadLetters } from './dead-letters.ts';
import { importTranscripts } from './import.ts';
import { live } from './live.ts';
import { metrics } from './metrics.ts';
import { notify } from './notify.ts';
import { queues } from './queues.ts';
import { recompute } from './recompute.ts';
import { record } from './record.ts';
import { report } from './report.ts';
import { session } from './session.ts';
import { sessions } from './sessions.ts';
import { status } from './status.ts';
import { tail } from './tail.ts';
import { task } from './task.ts';
import { cancel, retry } from './task-actions.ts';
import { tasks } from './tasks.ts';
import { trace } from './trace.ts';
import { traces } from './traces.ts';

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  notify,
  tail,
  task,
  tasks,
  trace,
  traces,
  cancel,
  retry,
  queues,
  deadLetters,
  agents,
  metrics,
  record,
  importTranscripts,
  recompute,
  sessions,
  session,
  report,
  live,
  status,
];
