import { describe, expect, it } from 'vitest';
import { readText } from './bytes.ts';

const said = (role: string, content: string | null): object => ({
  role,
  content,
  tool_calls: null,
  function_call: null,
});
const acted = (thought: string, name: string, given: object): object =>
  said('assistant', `Thought:\n${thought}\nAction:\n${JSON.stringify({ name, arguments: given })}`);
const run = (...traj: readonly object[]): object => ({
  ...{ task_id: 1, trial: 0, reward: 1, info: { task: { instruction: 'Cancel it' }, source: 'user' } },
  traj: [said('system', 'You are an airline agent.'), said('user', 'Cancel W1'), ...traj],
});

describe('results of tau-bench of an agent that writes its actions down', () => {
  it('have them as calls of tools, and what the user was made to say as their results', async () => {
    const { documents, skipped } = await readText(
      JSON.stringify([
        run(
          acted('I look.', 'get_order', { id: 'W1' }),
          said('user', 'API output: Error: no such order'),
          acted('Another.', 'peek', {}),
          said('user', 'API output: Unknown action peek'),
          acted('I ask.', 'respond', { content: 'Which one?' }),
          said('user', 'API output: is what I read'),
        ),
      ]),
    );
    expect(skipped).toEqual([]);
    expect(documents[0]?.tools.map((tool) => [tool.name, tool.arguments, tool.status, tool.result])).toEqual([
      ['get_order', '{"id":"W1"}', 'failed', 'Error: no such order'],
      ['peek', '{}', 'failed', 'Unknown action peek'],
    ]);
    expect(documents[0]?.messages.map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'tool', 'assistant', 'tool'],
      ...['assistant', 'user'],
    ]);
    expect(documents[0]?.messages[1]?.text).toBe('Thought:\nI look.');
    expect(documents[0]?.calls).toHaveLength(3);
  });

  it.each([
    ['no JSON', 'Action:\ncancel it'],
    ['no name', 'Action: {"arguments":{}}'],
    ['no arguments', 'Action: {"name":"peek"}'],
    ['more behind it', 'Action: {"name":"peek","arguments":{}} So it is.'],
  ])('have none where there is %s', async (_, content) => {
    const { documents } = await readText(
      JSON.stringify([run(said('assistant', content), said('user', 'API output: x'))]),
    );
    expect([documents[0]?.tools, documents[0]?.messages.map(({ role }) => role)]).toEqual([
      [],
      ['user', 'assistant', 'user'],
    ]);
  });

  it('name whom it asked in the name of their file, where that is as it was written', async () => {
    const content = JSON.stringify([run(said('assistant', 'No.'))]);
    const modelIn = async (fileName: string): Promise<unknown> => {
      const { documents } = await readText(content, { fileName });
      return [documents[0]?.calls[0]?.model, documents[0]?.calls[0]?.provider];
    };
    const name = 'react-gpt-4o-mini-0.0_range_0--1_user-gpt-4o-llm_0921131646.json';
    expect(await modelIn(`runs/results/${name}`)).toEqual(['gpt-4o-mini', 'openai']);
    expect(await modelIn('gpt-4o-airline.json')).toEqual([null, null]);
  });

  it('succeeded where the reward is whole but for the last digits', async () => {
    const rewards = [0.999_999_9, 1.000_000_1, 0.93, 0];
    const { documents } = await readText(
      JSON.stringify(rewards.map((reward, task_id) => ({ ...run(), reward, task_id }))),
    );
    expect(documents.map(({ outcome }) => outcome?.succeeded)).toEqual([true, true, false, false]);
  });

  it('weigh what the model thought before it answered', async () => {
    const answers = [said('assistant', 'No.'), { ...said('assistant', 'No.'), reasoning_content: 'word '.repeat(100) }];
    const { documents } = await readText(JSON.stringify(answers.map((answer) => run(answer))));
    const [plain, thought] = documents.map(({ messages }) => Number(messages.at(-1)?.estimatedTokens));
    expect(Number(thought) - Number(plain)).toBeGreaterThan(80);
  });
});
