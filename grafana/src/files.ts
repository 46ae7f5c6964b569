import type { Dashboard } from './dashboard.ts';
import { overview } from './overview.ts';

/** Where each dashboard's JSON lies. */
export const DASHBOARD_FILES: readonly (readonly [URL, Dashboard])[] = [
  [new URL('../dashboards/overview.json', import.meta.url), overview],
];

export function jsonOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
