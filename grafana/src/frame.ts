import type { Dashboard, Panel, Variable } from './dashboard.ts';

/** What all our dashboards have in common; a menu on each leads to the others, with the same window and the same choices. */
export function frame(
  own: Pick<Dashboard, 'uid' | 'title' | 'description'>,
  variables: readonly Variable[],
  panels: readonly Panel[],
): Dashboard {
  return {
    ...own,
    tags: ['tracepost'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    timezone: 'browser',
    templating: { list: variables },
    links: [
      {
        type: 'dashboards',
        title: 'Tracepost',
        tags: ['tracepost'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
      },
    ],
    panels,
  };
}
