import { createSketch } from '@tracepost/analysis';
import { ROLLUP_STORE_PROPERTIES } from '../src/contract/index.ts';
import { endingOfTask, mergeRollups, type RollupStore, withEnding } from '../src/index.ts';
import { type Breaks, describeTeeth } from './describe-teeth.ts';

/** For each property one way to be wrong that it has to notice. */
const BROKEN_ROLLUPS: Breaks<RollupStore> = {
  'a window counts tasks by how they ended, and adds up times and costs exactly': (rollups) => ({
    async readWindow(query) {
      const window = await rollups.readWindow(query);
      // As if costs had been added up as doubles.
      const costPicodollars = BigInt(Number(window.totals.costPicodollars) / 100) * 100n;
      return { ...window, totals: { ...window.totals, costPicodollars } };
    },
  }),
  'percentiles of a window are within 0.8 percent, whatever minutes, hours and days it is made of': (rollups) => ({
    async readWindow(query) {
      const window = await rollups.readWindow(query);
      const responseTimes = createSketch();
      const { count } = window.responseTimes;
      // As if the halves of a window were averaged.
      for (let rank = 0; rank < count; rank++) {
        responseTimes.add((window.responseTimes.quantile(rank / count) ?? 0) * 1.01);
      }
      return { ...window, responseTimes };
    },
  }),
  'a window takes in its first millisecond and not its last, wherever it begins and ends': (rollups) => ({
    readWindow: async (query) => ({
      ...(await rollups.readWindow({ ...query, toMs: query.toMs + 1 })),
      toMs: query.toMs,
    }),
  }),
  'late, repeated and unordered events give what adding up all records gives, byte for byte': (rollups, data) => ({
    async listRollups(query) {
      const rows = await rollups.listRollups(query);
      const [again] = [...data.counted.values()];
      return rows.map((row, index) => ({ ...row, ...(index === 0 && again ? withEnding(row, again) : row) }));
    },
  }),
  'a task that turns out to have ended otherwise is counted once, as it ended and when': (rollups, data) => ({
    async listRollups(query) {
      const first = [...data.counted.values()].find(({ agentId }) => agentId === query.agentId);
      const rows = await rollups.listRollups(query);
      // The ending that was told first stays.
      return first && first.status === 'succeeded' ? [] : rows;
    },
  }),
  'stores that write about the same minute at the same time count every task once': (rollups, data) => ({
    async listRollups(query) {
      data.counted.delete([...data.counted.keys()].at(-1) ?? '');
      return rollups.listRollups(query);
    },
  }),
  'a batch may end many tasks of many agents in many minutes': (rollups) => ({
    listRollups: async (query) => (await rollups.listRollups(query)).slice(0, 10),
  }),
  'tenants are told apart when one is asked for, and put together when none is': (rollups) => ({
    readWindow: ({ tenantId: _, ...query }) => rollups.readWindow(query),
  }),
  'a window in which nothing ended is empty, whatever its length': (rollups) => ({
    async readWindow(query) {
      const window = await rollups.readWindow(query);
      if (query.toMs === query.fromMs) throw new Error('an empty list of stretches');
      return window;
    },
  }),
  'names and amounts of any kind are counted like others, to the last digit': (rollups) => ({
    async readWindow(query) {
      const window = await rollups.readWindow(query);
      const { costPicodollars } = window.totals;
      return { ...window, totals: { ...window.totals, costPicodollars: BigInt.asIntN(64, costPicodollars) } };
    },
  }),
  'minutes and longer stretches are forgotten at their age, and a window tells what it could still count': (
    rollups,
  ) => ({ readWindow: async (query) => ({ ...(await rollups.readWindow(query)), ...query }) }),
  'what a late event changes of a minute that is forgotten changes nothing else': (rollups, data) => ({
    async readWindow(query) {
      const window = await rollups.readWindow(query);
      // What was counted of it at first is not taken back.
      const [task] = [...data.tasks.values()].filter(({ agentId }) => agentId === query.agentId);
      const ending = task ? endingOfTask(task) : null;
      return ending
        ? { ...window, ...mergeRollups(window, withEnding(await rollups.readWindow(query), ending)) }
        : window;
    },
  }),
};

describeTeeth('rollups', ROLLUP_STORE_PROPERTIES, BROKEN_ROLLUPS);
