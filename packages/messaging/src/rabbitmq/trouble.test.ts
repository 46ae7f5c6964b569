import { expect, test } from 'vitest';
import { describeTrouble, exchangeRefused, NOT_YET } from './trouble.ts';

test.each([
  [
    'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN."',
    'it refuses the login: user or password is wrong (ACCESS_REFUSED)',
  ],
  [
    `Channel closed by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - write access to exchange 'agents' in vhost '/' refused for user 'anna'"`,
    'it refuses a right that is needed here (ACCESS_REFUSED)',
  ],
  [
    `Connection closed: 530 (NOT-ALLOWED) with message "NOT_ALLOWED - access to vhost 'orders' refused for user 'anna'"`,
    'it refuses the virtual host: it is not there, or this user may not use it (NOT_ALLOWED)',
  ],
  ['connect ECONNREFUSED 10.1.2.3:5672', 'it cannot be reached (ECONNREFUSED)'],
  ['getaddrinfo EAI_AGAIN broker.internal', 'it cannot be reached (EAI_AGAIN)'],
  ['Heartbeat timeout', 'it was silent for too long (no heartbeat)'],
  ['connect timed out', 'it does not answer in time'],
  ['Unexpected words about anna', 'the connection to it was lost'],
  [NOT_YET, null],
  ['', null],
])('%s is told as what it means, and nothing that it names', (reason, words) => {
  expect(describeTrouble(reason)).toBe(words);
});

test('the exchange that may not be published to is known by its name, the default one by none', () => {
  const refusal = (name: string) =>
    `403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - write access to exchange '${name}' in vhost '/' refused for user 'anna'"`;
  expect(exchangeRefused(refusal('agents'))).toBe('agents');
  expect(exchangeRefused(refusal('amq.default'))).toBe('');
  expect(exchangeRefused('403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"')).toBeNull();
});
