"""A program of somebody else, as the documentation of OpenTelemetry's Python SDK has it: nothing of Tracepost in it but an address.

    otel_program.py grpc|http   sends spans, metrics and log lines, prints the id of its trace, ends with 0 when everything was taken

Settings come as JSON on standard input: service, grpc (host:port), http (base address).
"""

import json
import logging
import sys
import time

from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode


def exporters(mode, settings):
    if mode == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc import _log_exporter, metric_exporter, trace_exporter
        from grpc import Compression

        options = {"endpoint": f"http://{settings['grpc']}", "insecure": True, "compression": Compression.Gzip}
        return (
            trace_exporter.OTLPSpanExporter(**options),
            metric_exporter.OTLPMetricExporter(**options),
            _log_exporter.OTLPLogExporter(**options),
        )
    from opentelemetry.exporter.otlp.proto.http import Compression, _log_exporter, metric_exporter, trace_exporter

    def at(path):
        return {"endpoint": f"{settings['http']}/v1/{path}", "compression": Compression.Gzip}

    return (
        trace_exporter.OTLPSpanExporter(**at("traces")),
        metric_exporter.OTLPMetricExporter(**at("metrics")),
        _log_exporter.OTLPLogExporter(**at("logs")),
    )


def main():
    settings = json.load(sys.stdin)
    spans, points, lines = exporters(sys.argv[1], settings)
    resource = Resource.create({"service.name": settings["service"], "service.version": "3.2.1"})

    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(spans))
    trace.set_tracer_provider(tracing)
    metering = MeterProvider(resource=resource, metric_readers=[PeriodicExportingMetricReader(points)])
    metrics.set_meter_provider(metering)
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(lines))

    tracer = trace.get_tracer("program", "1.0")
    meter = metrics.get_meter("program", "1.0")
    counter = meter.create_counter("program.visits", unit="{visit}", description="Visits of the program")
    histogram = meter.create_histogram("program.duration", unit="s", description="How long a visit takes")
    meter.create_observable_gauge("program.warmth", callbacks=[lambda _: [Observation(36.6, {"room": "kitchen"})]])

    with tracer.start_as_current_span(
        "GET /visits", kind=SpanKind.SERVER, attributes={"http.request.method": "GET", "list": ["a", "b"], "flag": True}
    ) as outer:
        earlier = outer.get_span_context()
        with tracer.start_as_current_span("look up", links=[Link(earlier)]) as inner:
            inner.add_event("found", {"rows": 3})
            inner.set_attribute("note", "of ann@example.org")
            for number in range(100):
                counter.add(1, {"page": "home" if number % 4 else "about"})
                histogram.record(number / 100, {"page": "home"})
            say(logs, earlier, inner)
            try:
                raise ValueError("no such visit")
            except ValueError as error:
                inner.record_exception(error)
                inner.set_status(Status(StatusCode.ERROR, "no such visit"))
        trace_id = format(earlier.trace_id, "032x")

    taken = {
        "spans": tracing.force_flush(20_000),
        "metrics": metering.force_flush(20_000),
        "logs": logs.force_flush(20_000),
    }
    print(json.dumps({"traceId": trace_id, "taken": taken}), flush=True)
    tracing.shutdown()
    metering.shutdown()
    logs.shutdown()


def say(logs, context, inner):
    """A line as a logging bridge makes it; the SDK's own handler has moved into a package of its own."""
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.trace import set_span_in_context

    logger = logs.get_logger("program")
    for severity, text, body in (
        (SeverityNumber.INFO, "INFO", "a visit from ann@example.org"),
        (SeverityNumber.ERROR, "ERROR", {"what": "no such visit", "tries": 3}),
    ):
        logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                context=set_span_in_context(inner),
                severity_number=severity,
                severity_text=text,
                body=body,
                attributes={"code.lineno": 7},
            )
        )


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    main()
