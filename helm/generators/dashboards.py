"""The three dashboards. `python -m helm.generators.dashboards` writes helm/dashboards/*.json."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from helm.generators.panels import Dashboard, Panel, Query, Row

FOLDER = Path(__file__).parents[2] / "helm" / "dashboards"

RED, AMBER = "red", "orange"
_RATE = "$__rate_interval"
_END = "account, api"


def _quantile(share: float, metric: str, by: str) -> str:
    rates = f"sum by ({by}, le) (rate(yespo_bridge_{metric}_bucket{{$ours}}[{_RATE}]))"
    return f"histogram_quantile({share}, {rates})"


def _rate(metric: str, by: str, selector: str = "") -> str:
    inside = f"$ours, {selector}" if selector else "$ours"
    return f"sum by ({by}) (rate(yespo_bridge_{metric}{{{inside}}}[{_RATE}]))"


_STATES = {
    "0": ("flowing", "green"),
    "1": ("throttled", AMBER),
    "2": ("suspect", AMBER),
    "3": ("down", RED),
    "4": ("misconfigured", RED),
}
_NO_YES = {"0": ("no", "green"), "1": ("yes", "red")}
_VERDICT = {
    "0": ("well", "green"),
    "1": ("notice", "blue"),
    "2": ("degraded", AMBER),
    "3": ("stopped", RED),
}

_STATE = Panel(
    "State of each endpoint",
    "The worst over the replicas. `down` is Yespo's move, `misconfigured` ours.",
    (
        Query(
            "max by (account, api) ("
            + " or ".join(
                f'yespo_bridge_endpoint_state{{$ours, state="{state}"}} * {value}'
                for value, (state, _) in _STATES.items()
                if value != "0"
            )
            + ")",
            "{{account}}/{{api}}",
        ),
    ),
    "short",
    "state-timeline",
    mappings=_STATES,
    runbooks=("EndpointDown", "EndpointMisconfigured"),
)

_FINE = Row(
    "Is it fine?",
    (
        Panel(
            "Verdict",
            "The worst of the replicas' own verdicts; what they name stands beside it.",
            (Query("max(yespo_bridge_verdict{$ours})"),),
            "short",
            "stat",
            4,
            4,
            steps=((1, "blue"), (2, AMBER), (3, RED)),
            mappings=_VERDICT,
        ),
        Panel(
            "What is wrong",
            "Causes that the replicas name now, and how many name each. Each leads to its runbook.",
            (Query("sum by (cause) (yespo_bridge_problem{$ours}) > 0"),),
            "short",
            "table",
            8,
            4,
            quiet=True,
        ),
        Panel(
            "Pods up",
            "Replicas that Prometheus reaches.",
            (Query("sum(up{$ours})"),),
            "short",
            "stat",
            3,
            4,
            base=RED,
            steps=((1, "green"),),
            runbooks=("Absent",),
        ),
        Panel(
            "Pods not reached",
            "Replicas that are scraped without an answer: down, restarting, or cut off.",
            (Query("count(up{$ours} == 0) or vector(0)"),),
            "short",
            "stat",
            3,
            4,
            steps=((1, RED),),
            runbooks=("PodDown", "CrashLooping"),
        ),
        Panel(
            "Version and mapping",
            "What runs where; more than one line for long means that a rollout hangs.",
            (
                Query(
                    "count by (version, digest) (yespo_bridge_build_info{$ours}"
                    " * on (namespace, job, instance) group_left (digest)"
                    " yespo_bridge_mapping_info{$ours})"
                ),
            ),
            "short",
            "table",
            6,
            4,
            quiet=True,
            runbooks=("MappingDrift",),
        ),
        Panel(
            "Oldest undelivered record",
            "Age of the oldest record that has not ended: how late is what we send now.",
            (Query("max(yespo_bridge_lag_seconds{$ours})"),),
            "s",
            "stat",
            4,
            4,
            steps=((60, AMBER), (600, RED)),
            runbooks=("Stalled", "LagNotRecovering"),
        ),
        Panel(
            "Time to catch up",
            "Records behind, divided by the records that end per second.",
            (
                Query(
                    "sum(yespo_bridge_lag_records{$ours}) / (sum(rate("
                    f'yespo_bridge_records_ended_total{{$ours, outcome!="released"}}[{_RATE}])) > 0)'
                ),
            ),
            "s",
            "stat",
            4,
            4,
            steps=((60, AMBER), (600, RED)),
            quiet=True,
        ),
        Panel(
            "Delivered, events/s",
            "Events that Yespo has taken, per second. Red while none is, though some wait.",
            (
                Query(
                    f'sum(rate(yespo_bridge_events_ended_total{{$ours, outcome="delivered"}}[{_RATE}]))'
                    " + 0.001 * (sum(yespo_bridge_events_in_flight{$ours}) == bool 0)"
                ),
            ),
            "eps",
            "stat",
            4,
            4,
            base=RED,
            steps=((0.001, "green"),),
        ),
        Panel(
            "Requests that fail",
            "Share of the requests of each endpoint that Yespo fails: the worst.",
            (
                Query(
                    "max(sum by (account, api) (rate("
                    f'yespo_bridge_retries_total{{$ours, class="transient"}}[{_RATE}]))'
                    " / sum by (account, api)"
                    f" (rate(yespo_bridge_requests_total{{$ours}}[{_RATE}])))"
                ),
            ),
            "percentunit",
            "stat",
            4,
            4,
            steps=((0.05, AMBER), (0.2, RED)),
            quiet=True,
            runbooks=("RequestsFailing",),
        ),
        Panel(
            "Dead letters, last hour",
            "Records set aside in the dead-letter topic in the last hour.",
            (Query("round(sum(increase(yespo_bridge_dead_letters_total{$ours}[1h])))"),),
            "short",
            "stat",
            4,
            4,
            steps=((1, AMBER), (100, RED)),
            runbooks=("DeadLetters",),
        ),
        Panel(
            "Reading stopped",
            "Whether the dead-letter breaker has stopped the reading: a bad mapping or producer.",
            (Query("max(yespo_bridge_dead_letter_breaker_open{$ours})"),),
            "short",
            "stat",
            4,
            4,
            steps=((1, RED),),
            mappings=_NO_YES,
            runbooks=("DeadLetterBreakerOpen", "DeadLetterFailing"),
        ),
        Panel(
            "Alerts",
            "What fires now, and on how many replicas. Each name leads to its runbook.",
            (
                Query(
                    "count by (severity, alertname, cause, account, api, topic)"
                    ' (ALERTS{namespace=~"$namespace|", alertname=~"YespoBridge.*",'
                    ' alertstate="firing"})'
                ),
            ),
            "short",
            "table",
            24,
            5,
            quiet=True,
        ),
    ),
)

_PROMISES = Row(
    "Promises",
    (
        Panel(
            "Not delivered, against 0.1 %",
            "Share of records that became dead letters or had an event that became too old.",
            (
                Query(
                    "("
                    f"sum(rate(yespo_bridge_dead_letters_total{{$ours}}[{_RATE}]))"
                    " + (sum(rate(yespo_bridge_events_ended_total"
                    f'{{$ours, outcome="expired"}}[{_RATE}]))'
                    " or vector(0))) / ("
                    f'sum(rate(yespo_bridge_records_ended_total{{$ours, outcome="delivered"}}[{_RATE}]))'
                    f" + sum(rate(yespo_bridge_dead_letters_total{{$ours}}[{_RATE}])))",
                    "not delivered",
                ),
            ),
            "percentunit",
            steps=((0.001, RED),),
            runbooks=("DeliveryBudgetBurn",),
        ),
        Panel(
            "From record to delivery",
            "From the record's Kafka timestamp to the delivery of each of its events.",
            tuple(
                Query(
                    f"histogram_quantile({share}, sum by (le)"
                    f" (rate(yespo_bridge_freshness_seconds_bucket{{$ours}}[{_RATE}])))",
                    f"{share:.0%}",
                )
                for share in (0.5, 0.95, 0.99)
            ),
            "s",
            steps=((60, RED),),
            runbooks=("FreshnessBudgetBurn",),
        ),
        Panel(
            "Later than 60 s, against 1 %",
            "Share of the events delivered that came later than 60 s after their record.",
            (
                Query(
                    f"1 - sum by ({_END}) (rate(yespo_bridge_freshness_seconds_bucket"
                    f'{{$ours, le="60.0"}}[{_RATE}]))'
                    f" / sum by ({_END}) (rate(yespo_bridge_freshness_seconds_count{{$ours}}"
                    f"[{_RATE}]))",
                    "{{account}}/{{api}}",
                ),
            ),
            "percentunit",
            steps=((0.01, RED),),
            runbooks=("FreshnessBudgetBurn",),
        ),
    ),
)

_FLOW = Row(
    "Flow",
    (
        replace(_STATE, width=24, height=5),
        Panel(
            "Records by end",
            "What came in, and how it ended.",
            (
                Query(
                    f"sum(rate(yespo_bridge_records_received_total{{$ours}}[{_RATE}]))", "received"
                ),
                Query(_rate("records_ended_total", "outcome"), "{{outcome}}"),
            ),
            "recps",
            runbooks=("Absent", "Stalled"),
        ),
        Panel(
            "Lag by topic",
            "Records behind. It grows while an endpoint is stopped, and falls afterwards.",
            (Query("sum by (topic) (yespo_bridge_lag_records{$ours})", "{{topic}}"),),
            "short",
            runbooks=("LagNotRecovering",),
        ),
        Panel(
            "Age of the oldest record",
            "By topic, the worst partition.",
            (Query("max by (topic) (yespo_bridge_lag_seconds{$ours})", "{{topic}}"),),
            "s",
            steps=((60, AMBER),),
            runbooks=("PartitionStuck",),
        ),
        Panel(
            "Events delivered",
            "Taken by Yespo, by API and event name.",
            (
                Query(
                    _rate("events_ended_total", "api, event", 'outcome="delivered"'),
                    "{{api}} {{event}}",
                ),
            ),
            "eps",
            width=12,
            stacked=True,
        ),
        Panel(
            "Records not ended",
            "Taken and unfinished. Beside the lag: one slow person inflates only the latter.",
            (Query("sum by (topic) (yespo_bridge_records_in_flight{$ours})", "{{topic}}"),),
            "short",
            width=12,
        ),
    ),
)

_WHY = Row(
    "Why something is not delivered",
    (
        Panel(
            "Dead letters by stage",
            "decode is the producer, mapping the mapping, delivery an answer of Yespo.",
            (Query(_rate("dead_letters_total", "stage"), "{{stage}}"),),
            "recps",
            runbooks=("DeadLetters",),
        ),
        Panel(
            "Filtered",
            "Records that the mapping left out, by reason.",
            (
                Query(
                    _rate("records_ended_total", "reason", 'outcome="filtered"') + " > 0",
                    "{{reason}}",
                ),
            ),
            "recps",
            quiet=True,
        ),
        Panel(
            "Events skipped",
            "Events not made though a rule asked for them: mostly visitors nobody knows yet.",
            (Query(_rate("skipped_total", "api, reason") + " > 0", "{{api}} {{reason}}"),),
            "eps",
        ),
    ),
)

_ENDPOINTS = Row(
    "Endpoints",
    (
        _STATE,
        Panel(
            "Time since the last delivery",
            "Per endpoint; grows while nothing is delivered.",
            (
                Query(
                    "time() - max by (account, api)"
                    " (yespo_bridge_last_delivery_timestamp_seconds{$ours} > 0)",
                    "{{account}}/{{api}}",
                ),
            ),
            "s",
        ),
        Panel(
            "Events waiting",
            "Taken, and neither ended nor on the wire.",
            (
                Query(
                    "sum by (account, api) (yespo_bridge_events_waiting{$ours})",
                    "{{account}}/{{api}}",
                ),
            ),
            "short",
        ),
    ),
)

_REQUESTS = Row(
    "Requests",
    (
        Panel(
            "Answers",
            "Attempts by status code, or the kind of fault where there was no answer.",
            (Query(_rate("requests_total", "api, code") + " > 0", "{{api}} {{code}}"),),
            "reqps",
            stacked=True,
            runbooks=("RequestsFailing",),
        ),
        Panel(
            "Duration",
            "From handing an attempt to the HTTP client to its answer or fault.",
            tuple(
                Query(
                    _quantile(share, "request_duration_seconds", _END), f"{{{{api}}}} {share:.0%}"
                )
                for share in (0.5, 0.9, 0.99)
            ),
            "s",
            steps=((2.5, AMBER),),
            runbooks=("RequestsSlow",),
        ),
        Panel(
            "Retries by cause",
            "Attempts that will be repeated.",
            (Query(_rate("retries_total", "api, class"), "{{api}} {{class}}"),),
            "reqps",
        ),
        Panel(
            "Requests in flight",
            "Requests under way, and how many may be.",
            (
                Query(
                    "sum by (account, api) (yespo_bridge_requests_in_flight{$ours})",
                    "{{account}}/{{api}}",
                ),
                Query(
                    "sum(yespo_bridge_requests_in_flight_limit{$ours})", "limit of each endpoint"
                ),
            ),
            "short",
            width=12,
        ),
        Panel(
            "Share failed by Yespo",
            "Share of requests answered 5xx or not at all.",
            (
                Query(
                    _rate("retries_total", _END, 'class="transient"')
                    + " / "
                    + _rate("requests_total", _END),
                    "{{account}}/{{api}}",
                ),
            ),
            "percentunit",
            width=12,
            steps=((0.05, RED),),
            runbooks=("RequestsFailing",),
        ),
    ),
)

_RATE_LIMIT = Row(
    "Rate",
    (
        Panel(
            "Allowed rate, and ceiling",
            "A rate below its ceiling was pushed there by 429. Nothing is shown without a limit.",
            (
                Query(
                    "sum by (account, api) (yespo_bridge_rate_limit_requests_per_second{$ours}) < +Inf",
                    "{{account}}/{{api}}",
                ),
                Query(
                    "sum by (account, api)"
                    " (yespo_bridge_rate_limit_ceiling_requests_per_second{$ours}) < +Inf",
                    "{{account}}/{{api}} ceiling",
                ),
            ),
            "reqps",
            quiet=True,
        ),
        Panel(
            "Time spent waiting for the rate",
            "1 means that more is offered than the limit lets through: more replicas will not help.",
            (
                Query(
                    "avg by (account, api)"
                    f" (rate(yespo_bridge_rate_limit_wait_seconds_total{{$ours}}[{_RATE}]))",
                    "{{account}}/{{api}}",
                ),
            ),
            "percentunit",
            steps=((0.8, AMBER),),
            runbooks=("RateLimitBound",),
        ),
        Panel(
            "Share answered 429 (too many)",
            "Requests that Yespo refused for being too many.",
            (
                Query(
                    _rate("requests_total", _END, 'code="429"')
                    + " / "
                    + _rate("requests_total", _END),
                    "{{account}}/{{api}}",
                ),
            ),
            "percentunit",
            steps=((0.05, RED),),
            runbooks=("Throttled",),
        ),
    ),
)

_EVENTS = Row(
    "Events",
    (
        Panel(
            "Events made of the records",
            "Events that the mapping made of the records.",
            (Query(_rate("events_built_total", "api, event"), "{{api}} {{event}}"),),
            "eps",
        ),
        Panel(
            "Events not ended",
            "Made and not ended.",
            (
                Query(
                    "sum by (api, event) (yespo_bridge_events_in_flight{$ours})",
                    "{{api}} {{event}}",
                ),
            ),
            "short",
        ),
        Panel(
            "Not delivered",
            "Superseded by a newer one, too old, dead-lettered, or given back at a stop.",
            (
                Query(
                    _rate("events_ended_total", "api, event, outcome", 'outcome!="delivered"')
                    + " > 0",
                    "{{api}} {{event}} {{outcome}}",
                ),
            ),
            "eps",
            quiet=True,
        ),
        Panel(
            "Dead letters by reason",
            "Over the range of the dashboard, the most frequent first.",
            (
                Query(
                    "topk(15, round(sum by (stage, reason)"
                    " (increase(yespo_bridge_dead_letters_total{$ours}[$__range]))) > 0)"
                ),
            ),
            "short",
            "table",
            12,
            quiet=True,
            runbooks=("DeadLetters",),
        ),
        Panel(
            "Optional values left out",
            "Optional values that broke a rule of Yespo, by field: data quality of the source.",
            (
                Query(
                    "topk(15, round(sum by (field, reason)"
                    " (increase(yespo_bridge_left_out_total{$ours}[$__range]))) > 0)"
                ),
            ),
            "short",
            "table",
            12,
            quiet=True,
        ),
    ),
)

_KAFKA = Row(
    "Kafka",
    (
        Panel(
            "Partitions",
            "Assigned to each replica.",
            (Query("sum by (instance) (yespo_bridge_partitions_assigned{$ours})", "{{instance}}"),),
            "short",
            runbooks=("NoPartitions",),
        ),
        Panel(
            "Partitions that wait",
            "Partitions that wait: for room in the buffer, a schema, or a record that does not end.",
            (Query("sum by (reason) (yespo_bridge_partitions_paused{$ours})", "{{reason}}"),),
            "short",
            runbooks=("GapFull",),
        ),
        Panel(
            "Pauses of fetching",
            "How often fetching paused.",
            (Query(_rate("pauses_total", "reason"), "{{reason}}"),),
            "short",
        ),
        Panel(
            "Lag by partition",
            "The ten largest.",
            (Query("topk(10, yespo_bridge_lag_records{$ours})", "{{topic}}/{{partition}}"),),
            "short",
            runbooks=("PartitionStuck",),
        ),
        Panel(
            "Held up by one record, by partition",
            "Offsets between the lowest record that has not ended and the newest; paused at max_gap.",
            (Query("topk(10, yespo_bridge_commit_gap{$ours})", "{{topic}}/{{partition}}"),),
            "short",
            steps=((8000, AMBER),),
            runbooks=("GapFull",),
        ),
        Panel(
            "Rebalances",
            "Partitions assigned, revoked and lost.",
            (
                Query(
                    f"sum by (event) (increase(yespo_bridge_rebalances_total{{$ours}}[{_RATE}]))",
                    "{{event}}",
                ),
            ),
            "short",
            runbooks=("RebalanceStorm",),
        ),
        Panel(
            "Commits",
            "Answers to our commits.",
            (Query(_rate("commits_total", "result"), "{{result}}"),),
            "reqps",
        ),
        Panel(
            "Age of the last commit, and of the last poll",
            "Commits pause when nothing ends; the poll never should.",
            (
                Query(
                    "time() - max by (instance) (yespo_bridge_last_commit_timestamp_seconds{$ours} > 0)",
                    "commit {{instance}}",
                ),
                Query(
                    "time() - max by (instance) (yespo_bridge_last_poll_timestamp_seconds{$ours})",
                    "poll {{instance}}",
                ),
            ),
            "s",
            runbooks=("CommitStale",),
        ),
        Panel(
            "Unacknowledged requests",
            "What a kill -9 would send twice, against its limit.",
            (
                Query(
                    "sum by (instance) (yespo_bridge_requests_unacknowledged{$ours})",
                    "{{instance}}",
                ),
                Query("max(yespo_bridge_requests_unacknowledged_limit{$ours})", "limit"),
            ),
            "short",
        ),
        Panel(
            "Errors of the Kafka client",
            "By librdkafka's name.",
            (Query(_rate("kafka_errors_total", "code") + " > 0", "{{code}}"),),
            "short",
            quiet=True,
            runbooks=("KafkaUnreachable",),
        ),
        Panel(
            "Cannot be fetched",
            "Partitions whose records the client cannot read.",
            (
                Query(
                    "max by (topic, partition, code) (yespo_bridge_fetch_failing{$ours})",
                    "{{topic}}/{{partition}} {{code}}",
                ),
            ),
            "short",
            quiet=True,
            runbooks=("FetchFailing",),
        ),
        Panel(
            "Replicas that reached Kafka",
            "Replicas that have reached Kafka.",
            (Query("sum(yespo_bridge_joined{$ours})", "joined"),),
            "short",
            runbooks=("KafkaUnreachable",),
        ),
        Panel(
            "Dead letters on their way",
            "Written and not acknowledged, and attempts that failed.",
            (
                Query("sum(yespo_bridge_dead_letters_outstanding{$ours})", "outstanding"),
                Query(
                    f"sum(increase(yespo_bridge_dead_letter_errors_total{{$ours}}[{_RATE}]))",
                    "failed attempts",
                ),
            ),
            "short",
            runbooks=("DeadLetterFailing",),
        ),
    ),
)

_SCHEMAS = Row(
    "Schemas and mapping",
    (
        Panel(
            "Schema look-ups",
            "hit is in memory; error means that the registry could not be asked.",
            (Query(_rate("schema_lookups_total", "result"), "{{result}}"),),
            "reqps",
        ),
        Panel(
            "Schemas by reader",
            "Writer schemas by reader: generated code, or the slower fastavro; and records per second"
            " that the generated code left to fastavro (damaged, or written oddly).",
            (
                Query("sum by (reader) (yespo_bridge_schemas_read{$ours})", "{{reader}}"),
                Query(
                    f"sum(rate(yespo_bridge_records_left_to_fastavro_total{{$ours}}[{_RATE}]))",
                    "left to fastavro",
                ),
            ),
            "short",
        ),
        Panel(
            "Registry reachable",
            "1 when the last question was answered.",
            (Query("min(yespo_bridge_registry_reachable{$ours})", "reachable"),),
            "short",
            runbooks=("RegistryUnreachable",),
        ),
        Panel(
            "Mapping in force",
            "Replicas by digest; two for long means that a rollout hangs.",
            (Query("count by (digest) (yespo_bridge_mapping_info{$ours})", "{{digest}}"),),
            "short",
            runbooks=("MappingDrift",),
        ),
        Panel(
            "Reloads",
            "Changed mappings taken or refused, and whether a refused one waits.",
            (
                Query(
                    f"sum by (result) (increase(yespo_bridge_mapping_reloads_total{{$ours}}[{_RATE}]))",
                    "{{result}}",
                ),
                Query("max(yespo_bridge_mapping_refused{$ours})", "refused now"),
            ),
            "short",
            width=16,
            runbooks=("MappingRefused",),
        ),
    ),
)

_PROCESS = Row(
    "Process",
    (
        Panel(
            "CPU, in cores",
            "One replica uses at most about one core.",
            (
                Query(
                    f"rate(process_cpu_seconds_total{{$ours}}[{_RATE}])"
                    " and on (namespace, job, instance) yespo_bridge_build_info{$ours}",
                    "{{instance}}",
                ),
            ),
            "short",
            steps=((0.9, AMBER),),
            runbooks=("ShortOfCpu",),
        ),
        Panel(
            "Memory",
            "Resident. It does not grow with lag.",
            (
                Query(
                    "process_resident_memory_bytes{$ours}"
                    " and on (namespace, job, instance) yespo_bridge_build_info{$ours}",
                    "{{instance}}",
                ),
            ),
            "bytes",
        ),
        Panel(
            "Event-loop lag",
            "By how much timers come late, 90 % and 99 %.",
            tuple(
                Query(
                    _quantile(share, "event_loop_lag_seconds", "instance"),
                    f"{{{{instance}}}} {share:.0%}",
                )
                for share in (0.9, 0.99)
            ),
            "s",
            steps=((0.25, AMBER),),
            runbooks=("ShortOfCpu",),
        ),
        Panel(
            "Restarts",
            "Restarts in the last hour.",
            (
                Query(
                    "changes(process_start_time_seconds{$ours}[1h])"
                    " and on (namespace, job, instance) yespo_bridge_build_info{$ours}",
                    "{{instance}}",
                ),
            ),
            "short",
            runbooks=("Restarting",),
        ),
        Panel(
            "Ledger lines out of balance",
            "Anything but 0 is a bug of the bridge.",
            (Query("max by (instance) (yespo_bridge_ledger_imbalance{$ours})", "{{instance}}"),),
            "short",
            steps=((1, RED),),
            runbooks=("LedgerImbalance",),
        ),
        Panel(
            "Log lines left out",
            "Lines that repeated too often.",
            (Query(_rate("log_lines_suppressed_total", "instance"), "{{instance}}"),),
            "short",
        ),
    ),
)

DASHBOARDS = (
    Dashboard(
        "yespo-bridge-overview",
        "Yespo bridge / Overview",
        "Is it fine? If not: since when, and whose move is it.",
        (_FINE, _PROMISES, _FLOW, _WHY),
    ),
    Dashboard(
        "yespo-bridge-delivery",
        "Yespo bridge / Delivery",
        "Per endpoint and event: what Yespo answers, how fast we may send, what is not delivered.",
        (_ENDPOINTS, _REQUESTS, _RATE_LIMIT, _EVENTS),
    ),
    Dashboard(
        "yespo-bridge-internals",
        "Yespo bridge / Internals",
        "Kafka, schemas, mapping and process.",
        (_KAFKA, _SCHEMAS, _PROCESS),
    ),
)


def files() -> Iterator[tuple[Path, str]]:
    """Each file and its content, the same for the same code."""
    titles = [(each.uid, each.title) for each in DASHBOARDS]
    for each in DASHBOARDS:
        others = [other for other in titles if other[0] != each.uid]
        text = json.dumps(each.json(others), indent=1, sort_keys=True, ensure_ascii=False)
        yield FOLDER / f"{each.uid}.json", text + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, content in files():
        path.write_text(content)
