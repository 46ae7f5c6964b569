import type { SessionMessage, SessionModelCall, SessionToolCall } from '@tracepost/contracts';
import { expect, test } from 'vitest';
import { ofModel } from '../src/sessions/of-model.ts';

const call = (callId: string, provider: string, model: string) => ({ callId, provider, model }) as SessionModelCall;
const tool = (toolCallId: string, callId: string | null) => ({ toolCallId, callId }) as SessionToolCall;
const message = (messageId: string, callId: string | null) => ({ messageId, callId }) as SessionMessage;

const document = {
  calls: [call('a', 'anthropic', 'opus'), call('b', 'anthropic', 'haiku'), call('c', 'aws.bedrock', 'opus')],
  tools: [tool('of a', 'a'), tool('of b', 'b'), tool('of nobody', null)],
  messages: [message('asked', null), message('of a', 'a'), message('of c', 'c')],
};

test('of a session only what one model or one provider did is left, with its tools', () => {
  expect(ofModel(document, { model: 'opus' })).toEqual({
    calls: [document.calls[0], document.calls[2]],
    tools: [document.tools[0]],
    messages: [document.messages[1], document.messages[2]],
  });
  expect(ofModel(document, { provider: 'anthropic', model: 'opus' }).calls).toEqual([document.calls[0]]);
  expect(ofModel(document, { provider: 'anthropic' }).tools).toEqual([document.tools[0], document.tools[1]]);
  expect(ofModel(document, { model: 'none' })).toEqual({ calls: [], tools: [], messages: [] });
  expect(ofModel(document, {})).toBe(document);
});
