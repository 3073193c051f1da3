"""Every metric of ours: its name, labels, and the question it answers.

The one place where metrics are declared. `consumer.observability.collect` gives each a reader,
`metrics` exports them, `docs/metrics.md` is generated from here, and tests hold dashboards, rules and
runbooks to it.
"""

from consumer.telemetry.metric import Metric
from consumer.telemetry.metrics_of_flow import FLOW
from consumer.telemetry.metrics_of_parts import PARTS

METRICS: tuple[Metric, ...] = FLOW + PARTS

PROCESS_METRICS = {
    "process_cpu_seconds_total": "CPU time used",
    "process_resident_memory_bytes": "Memory in use",
    "process_virtual_memory_bytes": "Address space in use",
    "process_open_fds": "File descriptors open",
    "process_max_fds": "File descriptors allowed",
    "process_start_time_seconds": "Unix time of the start; a change is a restart",
    "python_info": "The Python that runs",
    "python_gc_objects_collected_total": "Objects freed by the garbage collector",
    "python_gc_objects_uncollectable_total": "Objects it could not free",
    "python_gc_collections_total": "Its runs, by generation",
}
"""What `prometheus_client` adds on Linux; its names, no prefix."""
