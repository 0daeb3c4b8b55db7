"""OpenTelemetry and Prometheus in every room: spans through HTTP, outbox, Kafka, handler; one set of metrics.

Spans carry ids and types, never a person's data. Without an OTLP endpoint spans are still made, so that the
trace id travels and appears in logs and problem details.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("daohu")
_exporting = False

HANDLED = Counter("daohu_messages_handled", "Messages handled", ["type"])
DUPLICATES = Counter("daohu_messages_duplicate", "Messages dropped by the inbox", ["topic"])
PARKED = Gauge("daohu_parked_open", "Parked messages that wait for a person")
PUBLISHED = Counter("daohu_messages_published", "Messages acknowledged by the broker", ["topic"])
OUTBOX_PENDING = Gauge("daohu_outbox_pending", "Outbox rows not yet acknowledged")
OUTBOX_AGE = Gauge("daohu_outbox_age_seconds", "Age of the oldest unacknowledged outbox row")
LAG = Gauge("daohu_consumer_lag", "Records behind the end of the partition", ["topic", "partition"])
WORK_ITEMS = Gauge("daohu_work_items", "Open work items, by node", ["node", "overdue"])
STEP_SECONDS = Histogram("daohu_handle_seconds", "Time to handle one polled group of messages")
REQUESTS = Counter("daohu_http_requests", "HTTP requests", ["method", "route", "status"])


def configure(service: str, endpoint: str) -> None:
    """Install the tracer provider of this process; exports to `endpoint` when one is given."""
    global _exporting
    _exporting = bool(endpoint)
    provider = TracerProvider(resource=Resource.create({"service.name": f"daohu-{service}"}))
    if endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
        delay = int(os.environ.get("OTEL_BSP_SCHEDULE_DELAY", "1000"))
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=delay))
    trace.set_tracer_provider(provider)


def current_traceparent() -> str | None:
    """W3C traceparent of the current span, to be stored in the outbox row."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str:
    """32 hex digits; zeros outside any span."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")


def exporting() -> bool:
    """Whether anybody gets to see spans: those that only tell times are left out otherwise."""
    return _exporting


def past_span(name: str, traceparent: str, began: datetime, **attributes: str | int) -> str | None:
    """A span of the trace that began at a wall-clock time and ends now; returns its own traceparent."""
    context = _propagator.extract({"traceparent": traceparent})
    past = _tracer.start_span(
        name, context=context, attributes=dict(attributes), start_time=int(began.timestamp() * 1e9)
    )
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, context=trace.set_span_in_context(past))
    past.end()
    return carrier.get("traceparent")


@contextmanager
def span(name: str, traceparent: str | None = None, **attributes: str | int) -> Iterator[None]:
    """A span that continues `traceparent` when given, else the current trace."""
    context = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    with _tracer.start_as_current_span(name, context=context, attributes=dict(attributes)):
        yield
