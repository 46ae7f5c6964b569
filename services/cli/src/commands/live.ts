import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../failures.ts';
import { askPatiently } from '../report/ask-patiently.ts';
import { sessionFilterOptions } from '../session-filters.ts';
import { type LiveAnswer, printLive } from '../views/live-view.ts';

const { agent, provider, model } = sessionFilterOptions;

export const live: Command = {
  name: 'live',
  usage: '',
  about: 'Show how sessions go now: the last five minutes, where it is going, and what was found within a day',
  options: { agent, provider, model },
  async run({ api, output, signal }, args) {
    if (args.positionals.length > 0) throw new UsageError('live takes options only');
    const query = { agentId: args.text('agent'), provider: args.text('provider'), model: args.text('model') };
    const answer = await askPatiently({ output, signal }, () =>
      api.call<LiveAnswer>('/api/v1/analysis/live', { query }),
    );
    output.clear();
    output.json(answer);
    printLive(output, answer);
    return EXIT.done;
  },
};
