import { type Agent, defineAgent, onNotification, PermanentFailure } from '@tracepost/agent-kit';
import Type from 'typebox';

export interface Outside {
  charge(order: string, euros: number, signal: AbortSignal): Promise<'paid' | 'declined'>;
  hasCharged(order: string): Promise<boolean>;
  sendReceipt(order: string): Promise<void>;
}

export const createInvoicer = (outside: Outside): Agent =>
  defineAgent({
    id: 'invoicer',
    description: 'Charges orders and sends their receipts',
    notifications: {
      'order.placed': onNotification({
        description: 'An order to charge',
        schema: Type.Object({ order: Type.String(), euros: Type.Number({ exclusiveMinimum: 0 }) }),
        retry: { maxAttempts: 8, initialDelayMs: 1_000, factor: 2, maxDelayMs: 300_000 },
        async handle({ once, reportStep, signal }, { order, euros }) {
          reportStep('charging');
          const charge = await once('charge', () => outside.charge(order, euros, signal), {
            // Begun before, and nobody knows how it went: the payment service does.
            onUncertain: async () => ((await outside.hasCharged(order)) ? 'done' : 'not_done'),
          });
          if (charge === 'declined') throw new PermanentFailure('declined', `the card of ${order} was declined`);
          reportStep('sending the receipt');
          // Two receipts do less harm than none.
          await once('receipt', () => outside.sendReceipt(order), { onUncertain: 'repeat' });
          return { order, charged: euros };
        },
      }),
    },
  });
