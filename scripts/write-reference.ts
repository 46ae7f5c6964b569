import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REFERENCE_FOLDER, referencePages } from './reference/pages.ts';

/** `npm run reference`, after a change of a setting, a metric, a problem or an error class. */
await mkdir(REFERENCE_FOLDER, { recursive: true });
for (const [name, page] of Object.entries(referencePages())) await writeFile(join(REFERENCE_FOLDER, name), page);
