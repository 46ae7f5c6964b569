export * from './instruments.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './names.ts';
export * from './redaction.ts';
export * from './telemetry.ts';
export * from './trace-context.ts';
export * from './with-span.ts';
