import { describeBrokerContract } from '../src/contract/index.ts';
import { embeddedHarness } from './embedded-harness.ts';

describeBrokerContract('the embedded broker', embeddedHarness);
