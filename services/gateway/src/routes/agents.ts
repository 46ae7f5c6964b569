import { AgentId, AgentView } from '@tracepost/contracts';
import Type from 'typebox';
import type { AgentDirectory } from '../agents/agent-directory.ts';
import { sendProblem } from '../http/answers.ts';
import type { GatewayServer } from '../http/server.ts';

const AgentList = Type.Object({ items: Type.Array(AgentView), nextCursor: Type.Null() });

/** `GET /api/v1/agents` and `/agents/{agentId}`: who has announced itself, and what it takes. */
export function addAgentRoutes(app: GatewayServer, { agents }: { readonly agents: AgentDirectory }): void {
  app.get(
    '/api/v1/agents',
    { schema: { summary: 'The known agents', tags: ['agents'], response: { 200: AgentList } } },
    (_request, reply) => {
      reply.code(200).send({ items: agents.list(), nextCursor: null });
    },
  );
  app.get(
    '/api/v1/agents/:agentId',
    {
      schema: {
        summary: 'One agent',
        tags: ['agents'],
        params: Type.Object({ agentId: AgentId }),
        response: { 200: AgentView },
        'x-tracepost': { problems: ['AGENT_NOT_FOUND'] },
      },
    },
    (request, reply) => {
      const agent = agents.get(request.params.agentId);
      if (agent) reply.code(200).send(agent);
      else sendProblem(reply, { code: 'AGENT_NOT_FOUND', detail: 'No agent of this name has ever announced itself.' });
    },
  );
}
