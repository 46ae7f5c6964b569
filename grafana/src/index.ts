export type { Dashboard, Panel, Target } from './dashboard.ts';
export { DASHBOARDS } from './files.ts';
export { type FillIn, fillIn, type RunnableQuery, runnableQueries } from './queries.ts';
