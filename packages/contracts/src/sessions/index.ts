export * from './analysis.ts';
export * from './comparison.ts';
export * from './document.ts';
export * from './import.ts';
export * from './merged-times.ts';
export * from './token-usage.ts';
export * from './views.ts';
