"""Every metric of this program, in the order of the docs page.

Declared beside this module, by subject. The docs page, the zero series and the exported page come
from here, and tests hold dashboards, rules and runbooks to it.
"""

from consumer.observability.metrics.content import CONTENT
from consumer.observability.metrics.declare import Metric
from consumer.observability.metrics.kafka import KAFKA
from consumer.observability.metrics.lag import LAG
from consumer.observability.metrics.ledgers import LEDGERS
from consumer.observability.metrics.process import PROCESS
from consumer.observability.metrics.requests import REQUESTS

METRICS: tuple[Metric, ...] = LEDGERS + LAG + REQUESTS + CONTENT + KAFKA + PROCESS

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
"""Of `prometheus_client` on Linux; its names, no prefix."""
