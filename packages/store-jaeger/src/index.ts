export { createJaegerTraceReader, type JaegerTraceReaderOptions } from './create-jaeger-trace-reader.ts';
