export { MAX_RELATIVE_ERROR } from './buckets.ts';
export { DamagedSketchError } from './damaged-sketch-error.ts';
export { createSketch, rankOf, readSketch, type Sketch } from './sketch.ts';
