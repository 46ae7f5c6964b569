export { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts';
export { PARKED_QUEUE } from './topology.ts';
