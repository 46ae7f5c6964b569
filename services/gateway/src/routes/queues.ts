import { QueueList } from '@tracepost/contracts';
import type { GatewayServer } from '../http/server.ts';
import type { QueueOverview } from '../queues/queue-overview.ts';

/** `GET /api/v1/queues`: what waits, is worked on, is put aside and was given up, for each known agent. */
export function addQueueRoute(app: GatewayServer, { queues }: { readonly queues: QueueOverview }): void {
  app.get(
    '/api/v1/queues',
    {
      schema: {
        summary: 'The queues of the known agents',
        description: 'Counts are messages, rates messages a second over the last minute; null where nobody can tell.',
        tags: ['queues'],
        response: { 200: QueueList },
      },
    },
    async (_request, reply) => {
      const items = [...(await queues.look())].sort((a, b) => (a.name < b.name ? -1 : 1));
      reply.header('cache-control', 'no-store');
      return reply.code(200).send({ items, nextCursor: null });
    },
  );
}
