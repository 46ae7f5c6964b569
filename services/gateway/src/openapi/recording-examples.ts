export const RECORDING_EXAMPLES = {
  events: {
    'The least that is needed': { type: 'COMMAND', source: 'checkout', data: { command: 'pay', orderId: 'o-4711' } },
    'With an id, so that it can be sent again': {
      type: 'OPERATION',
      source: 'checkout',
      data: { step: 'reserved', items: 3 },
      eventId: 'o-4711-reserved',
      timestamp: '2026-11-21T09:00:00.000Z',
      severity: 'info',
      correlationId: 'order-4711',
    },
    Several: [
      { type: 'COMMAND', source: 'checkout', data: { command: 'pay' } },
      { type: 'OPERATION', source: 'checkout', data: { step: 'paid' } },
    ],
  },
  metrics: {
    'A measurement': { name: 'checkout.duration', value: 128.5, unit: 'ms', attributes: { region: 'eu' } },
    'What a counter grew by': { name: 'orders.total', value: '1', kind: 'counter' },
    Several: [
      { name: 'queue.length', value: 12, kind: 'gauge' },
      { name: 'checkout.duration', value: 98, unit: 'ms', attributes: { region: 'us' } },
    ],
  },
} as const;
