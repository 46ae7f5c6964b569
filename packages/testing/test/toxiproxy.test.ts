import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { describeWithDocker, startToxiproxy } from '../src/index.ts';

describeWithDocker('Toxiproxy', () => {
  test('lets through, delays, refuses and lets through again', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    await using link = await startToxiproxy({ port: (server.address() as AddressInfo).port });
    const ask = async (): Promise<number> => {
      const began = performance.now();
      const { connect } = await import('node:net');
      const socket = connect(link.port, '127.0.0.1');
      let heard = '';
      for await (const chunk of socket) heard += chunk;
      expect(heard).toBe('hello');
      return performance.now() - began;
    };
    await ask();
    await link.poison({ type: 'latency', attributes: { latency: 300 } });
    expect(await ask()).toBeGreaterThan(250);
    await link.cut();
    await expect(ask()).rejects.toThrow();
    await link.heal();
    await ask();
    server.close();
  });
});
