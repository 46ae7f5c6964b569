// The first job of the full stack: passwords on the first start, and folders for the servers that do not start as root.
// With `show <name>` it prints one secret instead.
import { chownSync, existsSync } from 'node:fs';
import { makeMissingSecrets, readSecret, SECRET_FILES, type SecretName } from './secret-files.ts';

const FOLDER = '/run/tracepost';
/** The user of the collector's and Jaeger's images. */
const TELEMETRY_USER = 10001;

function main([command, name]: readonly string[]): void {
  if (command === undefined) prepare();
  else if (command === 'show') show(name);
  else fail(`There is no "${command}" here; without a word it makes the secrets, with "show <name>" it prints one.`);
}

function prepare(): void {
  const made = makeMissingSecrets(FOLDER);
  for (const volume of ['/volumes/collector', '/volumes/jaeger']) chownSync(volume, TELEMETRY_USER, TELEMETRY_USER);
  console.log(made.length === 0 ? 'All secrets are there.' : `Made ${made.length} secrets: ${made.join(', ')}.`);
  console.log('Grafana: user admin, password by: docker compose run --rm secrets show grafana-admin-password');
}

function show(name: string | undefined): void {
  const known = Object.keys(SECRET_FILES) as SecretName[];
  const wanted = known.find((candidate) => candidate === name);
  if (!wanted) fail(`Say which one: ${known.join(', ')}.`);
  else if (!existsSync(`${FOLDER}/${wanted}`)) fail(`${wanted} has not been made yet: docker compose up`);
  else console.log(readSecret(FOLDER, wanted).trimEnd());
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

main(process.argv.slice(2));
