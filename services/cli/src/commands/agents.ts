import type { AgentView } from '@tracepost/contracts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../failures.ts';
import { statusPiece } from '../views/status-piece.ts';
import { printTable } from '../views/table.ts';

export const agents: Command = {
  name: 'agents',
  usage: '',
  about: 'List the agents that have announced themselves, and what they take',
  options: {},
  async run({ api, output }, args) {
    if (args.positionals.length > 0) throw new UsageError('agents takes no argument');
    const answer = await api.call<{ items: AgentView[] }>('/api/v1/agents');
    output.json(answer);
    printTable(output, answer.items, [
      { title: 'agent', cell: (agent) => agent.agentId },
      { title: 'status', cell: (agent) => statusPiece(agent.status) },
      { title: 'workers', align: 'right', cell: (agent) => String(running(agent)) },
      { title: 'capacity', align: 'right', cell: (agent) => String(agent.capacity) },
      { title: 'takes', cell: (agent) => agent.notificationTypes.map(({ type }) => type).join(', ') },
      { title: 'is', cell: (agent) => agent.description },
    ]);
    return EXIT.done;
  },
};

function running({ workers }: AgentView): number {
  return workers.filter(({ state }) => state === 'running').length;
}
