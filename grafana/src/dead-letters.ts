import { variable } from './variables.ts';

/** SQL of the newest dead letters that are still there, of the chosen queues. Times are milliseconds, as Grafana's `__from` and `__to`. */
export const DEAD_LETTERS: string = [
  'select',
  '  to_timestamp(dead_at_ms / 1000.0) as died,',
  '  queue,',
  '  dead_letters.task_id as task,',
  '  tasks.status,',
  '  tasks.notification_type as type,',
  '  tasks.trace_id as trace',
  'from dead_letters left join tasks on tasks.task_id = dead_letters.task_id',
  `where removed_at_ms is null and dead_at_ms between ${variable('__from')} and ${variable('__to')}`,
  `  and queue ~ '^${variable('queue', 'regex')}$'`,
  'order by dead_at_ms desc',
  'limit 50',
].join('\n');
