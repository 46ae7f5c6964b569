import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInvoicer, type Outside } from './guide/invoicer.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;

beforeEach(async () => {
  bench = await openWorkbench();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('the handler of docs/guide/handlers-and-retries.md', () => {
  it('stands there word for word', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../docs/guide/handlers-and-retries.md'), 'utf8');
    expect(guide).toContain(readFileSync(join(import.meta.dirname, 'guide/invoicer.ts'), 'utf8'));
  });

  it('charges once although the answer to the charge was lost and the mail server was busy', async () => {
    const { outside, done } = world();
    let isFirstCharge = true;
    let isFirstReceipt = true;
    await order({
      ...outside,
      async charge(...order) {
        const answer = await outside.charge(...order);
        if (isFirstCharge) {
          isFirstCharge = false;
          throw new DOMException('no answer came', 'TimeoutError');
        }
        return answer;
      },
      async sendReceipt(order) {
        if (isFirstReceipt) {
          isFirstReceipt = false;
          throw new Error('try again later');
        }
        return outside.sendReceipt(order);
      },
    });
    expect(await bench.ending()).toMatchObject({
      kind: 'succeeded',
      result: { order: 'order-7', charged: 12 },
      attempt: { number: 3 },
    });
    expect(done).toEqual(['charged', 'receipt']);
  });

  it('ends at once when the card was declined', async () => {
    const { outside, done } = world();
    await order({ ...outside, charge: async () => 'declined' });
    expect(await bench.ending()).toMatchObject({ kind: 'failed', error: { code: 'declined' }, attempt: { number: 1 } });
    expect(done).toEqual([]);
  });
});

function world() {
  const done: string[] = [];
  const outside: Outside = {
    async charge() {
      done.push('charged');
      return 'paid';
    },
    hasCharged: async () => done.includes('charged'),
    async sendReceipt() {
      done.push('receipt');
    },
  };
  return { outside, done };
}

async function order(outside: Outside): Promise<void> {
  await bench.host([createInvoicer(outside)]);
  const data = { order: 'order-7', euros: 12 };
  await bench.publish(data, { agentId: 'invoicer', notificationType: 'order.placed' });
}
