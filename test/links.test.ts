import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = findPages(root);

describe('links of our pages', () => {
  it('lead to files and folders that exist', () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter(({ path }) => path !== '' && !existsSync(join(dirname(page), path)))
        .map(({ path }) => `${relative(root, page)}: ${path}`),
    );
    expect(broken).toEqual([]);
  });

  it('with a # lead to a heading of that page', () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .map((link) => ({ ...link, target: link.path === '' ? page : join(dirname(page), link.path) }))
        .filter(({ heading, target }) => heading !== '' && target.endsWith('.md') && existsSync(target))
        .filter(({ heading, target }) => !headingsOf(target).includes(heading))
        .map(({ path, heading }) => `${relative(root, page)}: ${path}#${heading}`),
    );
    expect(broken).toEqual([]);
  });

  it('are found at all', () => {
    const readme = linksOf(join(root, 'README.md')).map(({ path }) => path);
    expect(readme).toContain('ARCHITECTURE.md');
    expect(headingsOf(join(root, 'ARCHITECTURE.md')).length).toBeGreaterThan(1);
  });
});

interface Link {
  /** Relative to the page; empty for a place on the page itself. */
  readonly path: string;
  /** Without its #; empty for none. */
  readonly heading: string;
}

function findPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return findPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Links and images to something of ours; those to other hosts are nobody's business without a network. */
function linksOf(page: string): Link[] {
  const text = withoutCode(readFileSync(page, 'utf8'));
  const inline = [...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)];
  const references = [...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)];
  return [...inline, ...references]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
    .map((target) => {
      const [path = '', heading = ''] = target.split('#');
      return { path: decodeURIComponent(path), heading };
    });
}

/** As the usual readers of Markdown name them. */
function headingsOf(page: string): string[] {
  if (statSync(page).isDirectory()) return [];
  const headings = withoutFences(readFileSync(page, 'utf8')).matchAll(/^#{1,6}\s+(.+?)\s*$/gm);
  return [...headings].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/\]\([^)]*\)/g, '')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

function withoutCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, '');
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}
