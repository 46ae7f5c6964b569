// Writes the dashboards' JSON from their TypeScript: `node grafana/src/write-dashboards.ts`. A test says when it was forgotten.
import { writeFileSync } from 'node:fs';
import { DASHBOARD_FILES, jsonOf } from './files.ts';

for (const [url, dashboard] of DASHBOARD_FILES) writeFileSync(url, jsonOf(dashboard));
