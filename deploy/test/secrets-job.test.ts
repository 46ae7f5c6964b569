import { readFileSync } from 'node:fs';
import { describeWithDocker, type RunningContainer, startContainer, useServer } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { SECRET_FILES } from '../secret-files.ts';

const FOLDER = '/run/tracepost';
const JOB = ['node', '/deploy/secrets-job.ts'];

describeWithDocker('the job that makes the secrets', () => {
  const container = useServer(startNode);
  const sh = (command: string): Promise<string> => container().exec(['sh', '-c', command]);

  test('makes each secret once, readable by its group and by root alone', async () => {
    await container().exec(JOB);
    for (const [name, { group, make }] of Object.entries(SECRET_FILES)) {
      if (make === null) continue;
      expect(await sh(`stat -c '%a %u %g' ${FOLDER}/${name}`)).toBe(`440 0 ${group}\n`);
    }
  });

  test('writes no newline at the end of what the collector sends as it is', async () => {
    await container().exec(JOB);
    expect(await sh(`cat ${FOLDER}/ingest-token`)).toMatch(/^[0-9a-f]{48}$/);
  });

  test('gives RabbitMQ the password that the services use', async () => {
    await container().exec(JOB);
    const password = await sh(`cat ${FOLDER}/rabbitmq-password`);
    expect(await sh(`cat ${FOLDER}/rabbitmq/credentials.conf`)).toBe(
      `default_user = tracepost\ndefault_pass = ${password}\n`,
    );
  });

  test('changes nothing when it runs again, and makes again what was removed', async () => {
    await container().exec(JOB);
    const sums = `cd ${FOLDER} && find . -type f ! -name grafana-secret-key -exec sha256sum {} + | sort`;
    const before = await sh(sums);
    await sh(`rm ${FOLDER}/grafana-secret-key`);
    expect(await container().exec(JOB)).toContain('Made 1 secrets: grafana-secret-key.');
    expect(await sh(sums)).toBe(before);
    expect(await sh(`cat ${FOLDER}/grafana-secret-key`)).toMatch(/^[0-9a-f]{48}$/);
  });

  test('gives the folders of collector and Jaeger to their user', async () => {
    await container().exec(JOB);
    expect(await sh("stat -c '%u:%g' /volumes/collector /volumes/jaeger")).toBe('10001:10001\n10001:10001\n');
  });

  test('prints a secret when asked for it by name, and says which there are when the name is wrong', async () => {
    await container().exec(JOB);
    const shown = await container().exec([...JOB, 'show', 'grafana-admin-password']);
    expect(shown.trim()).toBe(await sh(`cat ${FOLDER}/grafana-admin-password`));
    await expect(container().exec([...JOB, 'show', 'grafana'])).rejects.toThrow(/Say which one: .*ingest-token/);
  });
});

function startNode(): Promise<RunningContainer> {
  const source = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  return startContainer({
    image: 'node:24-slim',
    ports: [],
    command: ['sh', '-c', 'echo started; exec sleep 600'],
    files: ['package.json', 'secrets-job.ts', 'secret-files.ts'].map((name) => ({
      target: `/deploy/${name}`,
      content: source(name),
    })),
    tmpfs: { [FOLDER]: 'rw', '/volumes/collector': 'rw', '/volumes/jaeger': 'rw' },
    waitFor: (wait) => wait.forLogMessage('started'),
  });
}
