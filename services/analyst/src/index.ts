export { type Analyst, type AnalystOptions, createAnalyst } from './create-analyst.ts';
