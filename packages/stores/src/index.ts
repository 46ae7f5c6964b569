export { type ArtifactStore, ArtifactTooLargeError } from './artifact-store.ts';
export type { RecordStore, TaskQuery } from './record-store.ts';
export type {
  LogQuery,
  LogStore,
  MetricPoint,
  MetricPointQuery,
  MetricStore,
  TraceReader,
  TraceWriter,
} from './signal-stores.ts';
export { applyTaskEvent } from './task-reducer.ts';
