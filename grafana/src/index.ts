export type { Dashboard, Panel, Target } from './dashboard.ts';
export { overview } from './overview.ts';
export { type FillIn, fillIn, type RunnableQuery, runnableQueries } from './queries.ts';
