import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface SecretFile {
  /** Its readers' group, as docker-compose.yml hands it out. */
  readonly group: number;
  /** Null where another job writes it, because a server gives the value. */
  readonly make: ((folder: string) => string) | null;
}

/** Every secret of an installation, in the order in which they are made. */
export const SECRET_FILES = {
  'rabbitmq-password': { group: 20001, make: randomSecret },
  'rabbitmq/credentials.conf': { group: 20002, make: rabbitMqCredentials },
  'postgres-admin-password': { group: 20011, make: randomSecret },
  'postgres-password': { group: 20012, make: randomSecret },
  'postgres-reader-password': { group: 20013, make: randomSecret },
  'influxdb-admin-password': { group: 20021, make: randomSecret },
  'influxdb-admin-token': { group: 20022, make: randomSecret },
  'influxdb-analyst-token': { group: 20023, make: null },
  'influxdb-gateway-token': { group: 20024, make: null },
  'influxdb-grafana-token': { group: 20025, make: null },
  'ingest-token': { group: 20031, make: randomSecret },
  'grafana-admin-password': { group: 20041, make: randomSecret },
  'grafana-secret-key': { group: 20042, make: randomSecret },
} as const satisfies Record<string, SecretFile>;

export type SecretName = keyof typeof SECRET_FILES;

/** Makes what is not there yet; gives the names of what it made. A secret that is there is never touched. */
export function makeMissingSecrets(folder: string): SecretName[] {
  const made: SecretName[] = [];
  for (const [name, { make }] of Object.entries(SECRET_FILES) as [SecretName, SecretFile][]) {
    if (make === null || existsSync(join(folder, name))) continue;
    writeSecret(folder, name, make(folder));
    made.push(name);
  }
  return made;
}

export function readSecret(folder: string, name: SecretName): string {
  return readFileSync(join(folder, name), 'utf8');
}

/**
 * Readable by the secret's group and by root. No newline at the end: the collector sends the file as it is, and a header with
 * a newline is refused. The file appears whole or not at all, so that a job that was killed leaves no half secret.
 */
export function writeSecret(folder: string, name: SecretName, value: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const unfinished = `${path}.unfinished`;
  writeFileSync(unfinished, value, { mode: 0o400 });
  // Given away before it is opened up: at no moment can a wrong group read it.
  chownSync(unfinished, 0, SECRET_FILES[name].group);
  chmodSync(unfinished, 0o440);
  renameSync(unfinished, path);
}

/** 192 bits in letters and digits that no configuration format takes for its own. */
function randomSecret(): string {
  return randomBytes(24).toString('hex');
}

function rabbitMqCredentials(folder: string): string {
  return `default_user = tracepost\ndefault_pass = ${readSecret(folder, 'rabbitmq-password')}\n`;
}
