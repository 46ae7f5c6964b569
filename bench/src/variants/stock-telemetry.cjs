// The usual way: NodeSDK, the official instrumentations of http, fastify and amqplib, OTLP over gRPC, all sampled.
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace');
const { PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-grpc');
const { OTLPMetricExporter } = require('@opentelemetry/exporter-metrics-otlp-grpc');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { FastifyOtelInstrumentation } = require('@fastify/otel');
const { AmqplibInstrumentation } = require('@opentelemetry/instrumentation-amqplib');

const url = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
new NodeSDK({
  serviceName: 'stock',
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
  metricReaders: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url }),
      exportIntervalMillis: 5000,
      exportTimeoutMillis: 4000,
    }),
  ],
  logRecordProcessors: [],
  instrumentations: [
    new HttpInstrumentation(),
    new FastifyOtelInstrumentation({ registerOnInitialization: true }),
    new AmqplibInstrumentation({ useLinksForConsume: false }),
  ],
}).start();
