import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const rooms = readRooms();
const table = readTable();

describe('the rooms of ARCHITECTURE.md', () => {
  it('are those that exist, each with a line of its own', () => {
    expect([...table.keys()].sort()).toEqual(rooms.map((room) => room.name).sort());
  });

  it.each(rooms)('$name depends on nothing that its line does not allow', ({ name, manifest }) => {
    const allowed = table.get(name);
    const wrong = Object.keys(manifest.dependencies ?? {}).filter((dependency) => !isAllowed(dependency, allowed));
    expect(wrong).toEqual([]);
  });

  it.each(rooms)('$name imports what it depends on, by the doors', ({ name, folder, manifest }) => {
    const wrong = sourceFiles(folder).flatMap((file) => {
      const isTest = isTestFile(file);
      return importsOf(file).flatMap((specifier) => {
        const fault = faultOf({ specifier, file, folder, isTest, name, manifest });
        return fault ? [`${relative(root, file)} imports ${specifier}: ${fault}`] : [];
      });
    });
    expect(wrong).toEqual([]);
  });
});

describe('dependencies', () => {
  it.each(rooms)('of $name are all imported, those for tests too', ({ folder, manifest }) => {
    const imported = new Set(sourceFiles(folder).flatMap(importsOf).map(packageOf));
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    // Types stand for the package that they describe.
    const unused = declared.filter((dependency) => !imported.has(dependency.replace(/^@types\//, '')));
    expect(unused).toEqual([]);
  });

  it.each(rooms)('of $name are all that its line allows', ({ name, manifest }) => {
    const { house = [], outside = [] } = table.get(name) ?? {};
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, vitest: '' });
    const isDeclared = (allowed: string) =>
      declared.some((one) => (allowed.endsWith('/*') ? one.startsWith(allowed.slice(0, -1)) : one === allowed));
    const inHouse = house.filter((word) => !word.includes(' ')).map((word) => `@tracepost/${word}`);
    expect([...inHouse, ...outside].filter((allowed) => !isDeclared(allowed))).toEqual([]);
  });

  it('have no version in the catalog that nobody asks for', () => {
    const [, catalog = ''] = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').split(/^catalog:\n/m);
    const [entries = ''] = catalog.split(/^\S/m);
    const names = [...entries.matchAll(/^ {2}"?([^":]+)"?: /gm)].map((match) => match[1] ?? '');
    const manifests = manifestFiles().map((file) => readFileSync(file, 'utf8'));
    expect(names).toContain('typebox');
    expect(names.filter((name) => !manifests.some((text) => text.includes(`"${name}": "catalog:"`)))).toEqual([]);
  });
});

describe('settings', () => {
  it('are read from the environment in config.ts alone', () => {
    const wrong = rooms
      .flatMap((room) => sourceFiles(room.folder))
      .filter((file) => !isTestFile(file) && !file.endsWith('/config.ts') && !file.includes('/packages/testing/'))
      .filter((file) => /\bprocess\.env\b/.test(readFileSync(file, 'utf8')));
    expect(wrong.map((file) => relative(root, file))).toEqual([]);
  });
});

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly exports?: Record<string, string>;
}

interface Room {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

interface Line {
  readonly house: readonly string[];
  readonly outside: readonly string[];
}

interface Import {
  readonly specifier: string;
  readonly file: string;
  readonly folder: string;
  readonly isTest: boolean;
  readonly name: string;
  readonly manifest: Manifest;
}

function faultOf({ specifier, file, folder, isTest, name, manifest }: Import): string | null {
  if (specifier.startsWith('node:')) return null;
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(file), specifier);
    return target.startsWith(`${folder}/`) ? null : 'a path into another room';
  }
  const packageName = packageOf(specifier);
  const declared = { ...manifest.dependencies, ...(isTest ? manifest.devDependencies : {}) };
  const isOwn = packageName === manifest.name;
  // The root brings vitest for everybody.
  const isRunner = isTest && packageName === 'vitest';
  if (!(packageName in declared) && !isOwn && !isRunner) return 'not among its dependencies';
  if (!packageName.startsWith('@tracepost/')) {
    const isSdk = /^@opentelemetry\/(sdk-|exporter-|core|resources|otlp-)/.test(packageName);
    if (isSdk && !isTest && !file.includes('/telemetry/src/start/')) return 'only telemetry/start knows the SDK';
    return null;
  }
  if (packageName === '@tracepost/testing' && !isTest && name !== 'bench') {
    return 'testing is imported by tests and benchmarks only';
  }
  const door = `.${specifier.slice(packageName.length)}`;
  const target = rooms.find((room) => room.manifest.name === packageName);
  if (!target?.manifest.exports || !(door in target.manifest.exports)) return 'no door of that room';
  const isAdapter =
    /^@tracepost\/(store-|messaging\/(rabbitmq|embedded))/.test(specifier) && !packageName.endsWith(name);
  const mayChoose = isTest || name === 'standalone' || name === 'bench' || file.endsWith('/main.ts');
  return isAdapter && !mayChoose ? 'adapters are chosen in main.ts' : null;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isAllowed(dependency: string, line: Line | undefined): boolean {
  if (!line) return false;
  if (dependency.startsWith('@tracepost/')) {
    const name = dependency.slice('@tracepost/'.length);
    return line.house.includes(name) || (line.house.includes('everything but testing') && name !== 'testing');
  }
  return line.outside.some((allowed) =>
    allowed.endsWith('/*') ? dependency.startsWith(allowed.slice(0, -1)) : dependency === allowed,
  );
}

function readTable(): Map<string, Line> {
  const words = (cell = '') =>
    cell
      .split(',')
      .map((word) => word.replace(/\(.*\)/, '').trim())
      .filter((word) => word !== '' && word !== '-');
  const lines = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n');
  const begin = lines.findIndex((line) => /^\| room +\|/.test(line));
  const rows = lines.slice(begin + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return new Map(
    rows.slice(0, end === -1 ? undefined : end).map((row) => {
      const [, room = '', house, outside] = row.split('|');
      return [room.trim(), { house: words(house), outside: words(outside) }];
    }),
  );
}

function readRooms(): Room[] {
  return ['packages', 'services'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => {
      const folder = join(root, parent, name);
      return { name, folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest };
    }),
  );
}

/** Of every member of the workspace, and of the workspace itself. */
function manifestFiles(): string[] {
  const members = ['packages', 'services', 'examples'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(parent, name)),
  );
  return ['.', 'bench', 'deploy', 'grafana', 'test', ...members].map((folder) => join(root, folder, 'package.json'));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules') return [];
    if (statSync(path).isDirectory()) return sourceFiles(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

/** A contract suite ships with its package, behind a door of its own, and runs inside vitest only. */
function isTestFile(file: string): boolean {
  return (
    file.endsWith('.test.ts') || file.includes('/src/contract/') || /\/(packages|services)\/[^/]+\/test\//.test(file)
  );
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const statements = source.matchAll(
    /^(?:import|export)\b[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\b(?:import|createRequire\(import\.meta\.url\))\('([^']+)'\)/gms,
  );
  return [...statements].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}
