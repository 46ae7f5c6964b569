import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { SessionImport } from '@tracepost/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from '../api-client.ts';
import { runCli } from '../run-cli.ts';

const TAKEN: SessionImport = {
  ...{ format: 'pi', bytes: 1, imported: 1, updated: 0, unchanged: 0, skippedLines: [], skippedCount: 0 },
  ...{ hasPartialLine: false, sessionIds: [], refused: [], refusedCount: 0 },
  leftOut: { skippedLines: 0, sessionIds: 0, refused: 0 },
};

let folder = '';
let server: Server | undefined;
let url = 'http://127.0.0.1:9';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-import-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A gateway that does what a real one only does on its worst days. */
async function given(listener: RequestListener): Promise<void> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function run(args: readonly string[], signal = new AbortController().signal) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exit = await runCli({
    args: ['import', ...args],
    config: { url, stateFolder: join(folder, 'state') },
    stdin: Readable.from([]),
    ...{ stdout, stderr, signal },
  });
  const said = (stream: PassThrough): string => stream.read()?.toString() ?? '';
  return { exit, stdout: said(stdout), stderr: said(stderr) };
}

const NOBODY = 65_534;

describe('tracepost import', () => {
  it('counts everything that is left out, and names the first hundred', async () => {
    await given((_request, response) => response.writeHead(500).end());
    await mkdir(join(folder, 'root'));
    for (let at = 0; at < 120; at++) await symlink('nowhere', join(folder, 'root', `${at}`));
    const { exit, stdout } = await run([join(folder, 'root'), '--json']);
    const answer = JSON.parse(stdout) as { leftOut: unknown[]; leftOutCount: number };
    expect([exit, answer.leftOut.length, answer.leftOutCount]).toEqual([0, 100, 120]);
  });

  it('sends a file again of which a session was refused, and tells of it again', async () => {
    const refused = [{ sessionId: 's', reason: 'is too large' }];
    await given((request, response) => {
      request
        .resume()
        .on('end', () =>
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ ...TAKEN, imported: 0, refused, refusedCount: 1 })),
        );
    });
    await writeFile(join(folder, 'one.jsonl'), '{}\n');
    for (const _ of [1, 2]) {
      const { exit, stdout } = await run([join(folder, 'one.jsonl')]);
      expect([exit, stdout]).toEqual([1, expect.stringContaining('1 sent, 0 had before')]);
    }
  });

  it('says of a path that cannot be taken why', async () => {
    const { exit, stderr } = await run(['/dev/null']);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('/dev/null is a device, neither file nor folder')]);
    expect(await run([join(folder, 'nowhere')])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('is not there'),
    });
  });

  it('fails for a folder that was named and cannot be read', async () => {
    await mkdir(join(folder, 'closed'));
    await chmod(join(folder, 'closed'), 0);
    await chmod(folder, 0o777);
    // Whoever is root may read everything, so it is asked for as somebody else.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    const { exit, stdout } = await run([join(folder, 'closed'), '--json']).finally(
      () => isRoot && process.seteuid?.(0),
    );
    await chmod(join(folder, 'closed'), 0o700);
    expect([exit, JSON.parse(stdout)]).toMatchObject([1, { failed: 1, failures: [{ code: 'unreadable' }] }]);
  });

  it('sends the events of a session many at a time, in their order, and what is no event by itself', async () => {
    const requests: { readonly fileName: string | null; readonly lines: string[] }[] = [];
    await given((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const fileName = new URL(request.url ?? '', url).searchParams.get('fileName');
        requests.push({ fileName, lines: Buffer.concat(chunks).toString().trimEnd().split('\n') });
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(TAKEN));
      });
    });
    const events = join(folder, 'root', 'the-session', 'events');
    await mkdir(events, { recursive: true });
    const event = (at: number): string =>
      JSON.stringify({ id: at, timestamp: '2026-03-01', kind: 'MessageEvent' }, null, 2);
    const name = (at: number): string => `event-${String(at).padStart(5, '0')}-x.json`;
    for (let at = 0; at < 1_500; at++) await writeFile(join(events, name(at)), event(at));
    await writeFile(join(events, name(9_999)), '{"no": "event"}');
    const { exit, stdout } = await run([join(folder, 'root'), '--json']);
    expect([exit, JSON.parse(stdout)]).toMatchObject([0, { files: 1_501, sent: 1_501, failed: 0 }]);
    const bundles = requests
      .filter(({ lines }) => lines.length > 1)
      .sort((one, other) => other.lines.length - one.lines.length);
    expect(bundles.map(({ fileName, lines }) => [fileName, lines.length, JSON.parse(lines[0] ?? '').id])).toEqual([
      [`the-session/events/${name(0)}l`, 1_000, 0],
      [`the-session/events/${name(1_000)}l`, 500, 1_000],
    ]);
    expect(requests).toHaveLength(3);
    // Once more nothing is sent; then what is new.
    await run([join(folder, 'root'), '--json']);
    expect(requests).toHaveLength(3);
    await writeFile(join(events, name(1_500)), event(1_500));
    await run([join(folder, 'root'), '--json']);
    expect(requests.slice(3).map(({ fileName, lines }) => [fileName, lines.length])).toEqual([
      [`the-session/events/${name(1_500)}`, event(1_500).split('\n').length],
    ]);
  });

  it('sends events by themselves when they cannot be taken together', async () => {
    const names: (string | null)[] = [];
    await given((request, response) => {
      request.resume().on('end', () => {
        const fileName = new URL(request.url ?? '', url).searchParams.get('fileName');
        names.push(fileName);
        const isBundle = fileName?.endsWith('.jsonl');
        const refusal = { code: 'UNKNOWN_FORMAT', title: 'x', status: 422, detail: 'x' };
        response
          .writeHead(isBundle ? 422 : 200, {
            'content-type': isBundle ? 'application/problem+json' : 'application/json',
          })
          .end(JSON.stringify(isBundle ? refusal : TAKEN));
      });
    });
    await mkdir(join(folder, 'root', 's', 'events'), { recursive: true });
    for (const at of [1, 2])
      await writeFile(join(folder, 'root', 's', 'events', `${at}.json`), `{"kind":"x","timestamp":"${at}"}`);
    const { stdout } = await run([join(folder, 'root'), '--json']);
    expect(names).toEqual(['s/events/1.jsonl', 's/events/1.json', 's/events/2.json']);
    expect(JSON.parse(stdout)).toMatchObject({ files: 2, sent: 2, failed: 0 });
  });

  it('says how far it came when it is interrupted', async () => {
    const interrupted = new AbortController();
    let requests = 0;
    await given((request, response) => {
      request.resume().on('end', () => {
        if (++requests > 4) return interrupted.abort();
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(TAKEN));
      });
    });
    await mkdir(join(folder, 'root'));
    for (let at = 0; at < 9; at++) await writeFile(join(folder, 'root', `${at}.jsonl`), `{"a":${at}}\n`);
    const { exit, stderr } = await run([join(folder, 'root')], interrupted.signal);
    expect(exit).toBe(130);
    expect(stderr).toMatch(
      /^Interrupted\. \d files were looked at until then, [34] of them sent, 0 had before\. The same command goes on/,
    );
  });
});

describe('an upload', () => {
  const upload = (silenceMs: number) =>
    createApiClient(url, new AbortController().signal).upload('/', {
      headers: {},
      content: Readable.from(Array.from({ length: 3 }, () => Buffer.alloc(1_000_000))),
      timeoutMs: 60_000,
      silenceMs,
    });

  it('is given up when who takes it is silent', async () => {
    await given((request) => request.resume());
    await expect(upload(100)).rejects.toMatchObject({ reason: 'no_answer' });
    // Not even what is sent is read.
    await given(() => {});
    await expect(upload(100)).rejects.toMatchObject({ reason: 'no_answer' });
  });

  it('may take as long as it likes while pieces of it are taken', async () => {
    await given((request, response) => {
      request.pause();
      const reading = setInterval(() => request.read(100_000), 20);
      request.on('end', () => {
        clearInterval(reading);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    expect(await upload(5_000)).toEqual({ status: 200, body: {} });
  });
});
