export { type Analyst, type AnalystOptions, createAnalyst } from './create-analyst.ts';
export { createEventTaker, type EventTaker, type EventTakerOptions } from './recording/event-taker.ts';
export { createRollUps, type RollUps, type RollUpsOptions } from './roll-ups.ts';
export { samplingFields, samplingRules } from './sampling/sampling-settings.ts';
export { seriesFields, seriesLimits } from './series/series-settings.ts';
export { openSessionDesk, type SessionDesk, type SessionDeskOptions } from './sessions/session-desk.ts';
