import { NodeSDK } from '@opentelemetry/sdk-node';
import type { RegisterProviders } from '../providers.ts';

/**
 * One process, one service: OpenTelemetry's NodeSDK. All three signals are named, or it would add exporters of its own;
 * resources are not detected, since what the detectors find (command line, owner, host) is nobody's business.
 */
export const registerNodeSdk: RegisterProviders = (pipelines) => {
  const { resource, sampler, spanProcessor, logRecordProcessor, metricReader } = pipelines;
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    sampler,
    spanProcessors: [spanProcessor],
    logRecordProcessors: [logRecordProcessor],
    metricReaders: [metricReader],
    instrumentations: [],
  });
  sdk.start();
  return () => sdk.shutdown();
};
