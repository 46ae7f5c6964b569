import { variable } from './variables.ts';

/** SQL of the newest tasks in the window. Grafana's `__from` and `__to` are milliseconds, as the columns are. */
export const LATEST_TASKS: string = [
  'select',
  '  to_timestamp(accepted_at_ms / 1000.0) as accepted,',
  '  agent_id as agent,',
  '  notification_type as type,',
  '  status,',
  '  (ended_at_ms - accepted_at_ms) / 1000.0 as duration,',
  '  source,',
  '  task_id as task,',
  '  trace_id as trace',
  'from tasks',
  `where accepted_at_ms between ${variable('__from')} and ${variable('__to')}`,
  `  and agent_id ~ '^${variable('agent', 'regex')}$'`,
  'order by accepted_at_ms desc',
  'limit 50',
].join('\n');
