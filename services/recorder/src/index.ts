export { retentionFields } from './config.ts';
export { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts';
export { createRetention, type Retention, type RetentionOptions } from './retention.ts';
export { PARKED_QUEUE } from './topology.ts';
