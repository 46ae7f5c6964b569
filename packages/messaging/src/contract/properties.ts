import { delayingProperties } from './delaying.ts';
import { deliveringProperties } from './delivering.ts';
import { endingProperties } from './ending.ts';
import type { BrokerProperty } from './harness.ts';
import { messageProperties } from './messages.ts';
import { publishingProperties } from './publishing.ts';
import { routingProperties } from './routing.ts';
import { settlingProperties } from './settling.ts';
import { topologyProperties } from './topology.ts';

export const brokerProperties: readonly BrokerProperty[] = [
  ...publishingProperties,
  ...messageProperties,
  ...routingProperties,
  ...deliveringProperties,
  ...settlingProperties,
  ...delayingProperties,
  ...topologyProperties,
  ...endingProperties,
];
