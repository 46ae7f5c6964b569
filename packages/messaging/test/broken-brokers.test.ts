import { describeBrokenBrokers } from '../src/contract/index.ts';
import { embeddedHarness } from './embedded-harness.ts';

describeBrokenBrokers('a broker', embeddedHarness);
