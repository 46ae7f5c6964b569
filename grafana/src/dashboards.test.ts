import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DASHBOARD_FILES, DASHBOARDS, jsonOf } from './files.ts';
import { fillIn, runnableQueries } from './index.ts';
import { variable } from './variables.ts';

const FILL = {
  from: new Date('2026-11-21T09:00:00Z'),
  to: new Date('2026-11-21T09:30:00Z'),
  intervalSeconds: 10,
  bucket: 'metrics',
};

describe('the dashboards', () => {
  test.each(DASHBOARD_FILES.map(([url, dashboard]) => [dashboard.title, url, dashboard] as const))(
    '%s lies in its file as its source says (node grafana/src/write-dashboards.ts)',
    (_, url, dashboard) => {
      expect(readFileSync(url, 'utf8')).toBe(jsonOf(dashboard));
    },
  );

  test.each(DASHBOARDS)('$title has a number and a place of its own for every panel', ({ panels }) => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels) {
      for (const other of panels) {
        if (panel !== other)
          expect(overlaps(panel.gridPos, other.gridPos), `${panel.title}, ${other.title}`).toBe(false);
      }
    }
  });

  test.each(DASHBOARDS)('$title says of every panel what it shows, and of every series its unit', ({ panels }) => {
    for (const panel of panels) {
      if (panel.type === 'row') continue;
      expect(panel.description, panel.title).toBeTruthy();
      if (panel.type !== 'timeseries') continue;
      const { defaults } = panel.fieldConfig as { defaults: { unit: string; displayName: string } };
      expect([defaults.unit, defaults.displayName], panel.title).not.toContain('');
    }
  });

  test.each(DASHBOARDS)('$title leads to the others with the same window and choices', ({ uid, tags, links }) => {
    expect(links).toMatchObject([{ type: 'dashboards', tags, includeVars: true, keepTime: true }]);
    expect(DASHBOARDS.filter((other) => other.uid === uid)).toHaveLength(1);
  });

  test.each(DASHBOARDS.filter(({ title }) => ['Overview', 'Agents'].includes(title)))(
    '$title links every series to its traces where spans are behind it',
    ({ panels }) => {
      for (const panel of panels) {
        if (panel.type !== 'timeseries') continue;
        const { defaults } = panel.fieldConfig as { defaults: { links: { url: string }[] } };
        if (/queue/i.test(panel.title)) continue;
        expect(defaults.links.length, panel.title).toBeGreaterThan(0);
      }
    },
  );

  test('link to Explore with JSON that is still JSON when Grafana has put its values in', () => {
    const links = JSON.stringify(DASHBOARDS).match(/\/explore\?[^"]+/g) ?? [];
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      const filled = link.replace(/\$\{[^}]+\}/g, '1');
      const panes = new URL(filled, 'http://localhost').searchParams.get('panes') ?? '';
      expect(JSON.parse(panes)).toHaveProperty('a.datasource', 'tracepost-jaeger');
    }
  });
});

describe('the queries of the dashboards', () => {
  test.each(DASHBOARDS)(
    '$title gives one for each target and variable, with nothing of Grafana left in it',
    (dashboard) => {
      const queries = runnableQueries(dashboard, FILL);
      const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []).length;
      expect(queries).toHaveLength(targets + dashboard.templating.list.length);
      for (const { text } of queries) expect(text).not.toMatch(/\$\{|\$__|\bv\.(time|window|default)/);
    },
  );

  test('take one value of a variable literally and several as alternatives', () => {
    const query = `r.x =~ /^${variable('agent', 'regex')}$/`;
    expect(fillIn(query, FILL)).toBe('r.x =~ /^.*$/');
    expect(fillIn(query, { ...FILL, variables: { agent: ['a.b'] } })).toBe('r.x =~ /^a\\.b$/');
    expect(fillIn(query, { ...FILL, variables: { agent: ['a', 'b'] } })).toBe('r.x =~ /^(a|b)$/');
  });

  test('are refused while something in them is not filled in', () => {
    expect(() => fillIn(`range(start: ${variable('start')})`, FILL)).toThrow(/Nothing fills in/);
  });
});

type Place = (typeof DASHBOARDS)[number]['panels'][number]['gridPos'];

function overlaps(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
