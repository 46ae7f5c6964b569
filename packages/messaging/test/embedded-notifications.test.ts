import { embeddedHarness } from './embedded-harness.ts';
import { asOutgoing, describeNotifications, expectConfirmed } from './notifications.ts';

describeNotifications('the embedded broker', async () => {
  const harness = await embeddedHarness();
  return {
    ...harness,
    publishForeign: async (message) => expectConfirmed(await harness.broker().publish(asOutgoing(message))),
  };
});
