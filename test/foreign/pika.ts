import { fileURLToPath } from 'node:url';
import { describeWithPython, type Peer } from './python.ts';

const PIKA = {
  file: fileURLToPath(new URL('./pika_peer.py', import.meta.url)),
  packages: ['pika==1.4.4'],
};

/** A suite with a peer written with pika, the client of RabbitMQ for Python. */
export function describeWithPika(
  title: string,
  define: (begin: (mode: string, settings: object) => Peer) => void,
): void {
  describeWithPython(title, PIKA, define);
}
