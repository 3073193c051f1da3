"""The seams of the running process: by each, the test that makes it raise, or why it has none."""

from typing import NamedTuple


class Row(NamedTuple):
    """`test` is `module.function` below `tests`, parametrized with every foreign exception. `fatal`
    says why a fault there ends the process; `spared` why nothing foreign can raise there."""

    test: str = ""
    fatal: str = ""
    spared: str = ""


_BACKS = "seams.test_kafka_call_backs.test_a_"
_KAFKA = "seams.test_kafka_answers.test_"
_FILES = "seams.test_files_and_answers.test_"
_OTHERS = "seams.test_registry_and_letters.test_a_"

_RECORDS = "which records have ended is unknown afterwards: a commit could lose some"
_OWN = Row("seams.test_own_state.test_a_stage_that_fails_in_its_own_state_ends_the_process_in_order",
           fatal=_RECORDS)  # fmt: skip
_REBALANCE = Row(f"{_BACKS}rebalance_or_commit_that_raises_ends_the_process_in_order",
                 fatal="which partitions are ours, or committed, is unknown afterwards")  # fmt: skip
_REPORT = Row(f"{_BACKS}report_that_raises_costs_that_report")
_START = Row(f"{_KAFKA}a_start_position_that_cannot_be_read_is_asked_for_again")
_PARSED = Row(f"{_FILES}an_answer_whose_bytes_raise_costs_its_own_attempt")
_CLOSING = Row(spared="the process is ending already, and what is not committed is read again")
_BOOKKEEPING = Row(spared="it only moves an entry of ours: no foreign value is looked at")
_OUR_THREAD = Row(spared="the body has a last line of defence of its own, tested by its parts")

ROWS: dict[str, Row] = {
    "app.py add_done_callback": _BOOKKEEPING,
    "app.py add_signal_handler": _BOOKKEEPING,
    "app.py set_exception_handler": _OWN,
    "commit/completed_map.py b64decode": Row(
        f"{_FILES}commit_metadata_that_raises_is_as_if_absent"
    ),
    "config/load.py read_text": Row(spared="the configuration is read before the process begins"),
    "config/secrets.py read_text": Row(f"{_FILES}a_secret_that_raises_leaves_the_last_one"),
    "credentials/kafka_login.py current": Row(
        f"{_FILES}a_kafka_password_that_raises_leaves_the_last_one"
    ),
    "credentials/kafka_login.py set_sasl_credentials": Row(
        f"{_KAFKA}a_login_that_the_client_refuses_is_left_until_it_changes"
    ),
    "credentials/tls.py load_cert_chain": Row(
        f"{_FILES}certificate_files_that_raise_leave_the_last_ones"
    ),
    "decode/api.py current": Row(f"{_OTHERS}registry_token_that_raises_is_read_again_later"),
    "decode/api.py loads": Row(
        "decode.test_foreign.test_an_answer_or_schema_that_raises_costs_its_own_records"
    ),
    "decode/api.py stream": Row(f"{_OTHERS}registry_answer_that_raises_costs_its_own_schema"),
    "decode/cache.py loads": Row(f"{_OTHERS}kept_schema_that_raises_is_asked_for_anew"),
    "decode/registry.py add_done_callback": _BOOKKEEPING,
    "delivery/dead_letters/producer.py Thread _compare_sizes": Row(
        f"{_KAFKA}size_limits_that_cannot_be_read_are_not_compared"
    ),
    "delivery/dead_letters/producer.py describe_configs": Row(
        f"{_KAFKA}size_limits_that_cannot_be_read_are_not_compared"
    ),
    "delivery/dead_letters/producer.py list_topics": Row(
        f"{_KAFKA}a_dead_letter_topic_that_cannot_be_described_is_waited_for"
    ),
    "delivery/dead_letters/writer.py error_cb": Row(
        f"{_BACKS}report_to_the_dead_letter_producer_that_raises_costs_that_report"
    ),
    "delivery/dead_letters/writer.py on_delivery": _BOOKKEEPING,
    "delivery/dead_letters/writer.py produce": Row(
        f"{_OTHERS}letter_that_the_producer_cannot_take_is_held_and_written_again"
    ),
    "delivery/http/connection.py connection_lost": Row(
        f"{_FILES}an_answer_whose_body_raises_keeps_its_status"
    ),
    "delivery/http/connection.py connection_made": _BOOKKEEPING,
    "delivery/http/connection.py data_received": _PARSED,
    "delivery/http/connection.py eof_received": _BOOKKEEPING,
    "delivery/http/connection.py feed_data": _PARSED,
    "delivery/http/connection.py on_body": _PARSED,
    "delivery/http/connection.py on_headers_complete": _PARSED,
    "delivery/http/connection.py on_message_begin": _PARSED,
    "delivery/http/connection.py on_message_complete": _PARSED,
    "delivery/http/httpx_pool.py add_done_callback": _BOOKKEEPING,
    "delivery/http/httpx_pool.py stream": Row(
        f"{_FILES}an_answer_that_httpx_cannot_read_costs_its_own_attempt"
    ),
    "delivery/http/pool.py add_done_callback": _BOOKKEEPING,
    "delivery/past_events.py loads": Row(f"{_FILES}statuses_of_past_events_that_raise_are_unknown"),
    "observability/admin_server.py Thread serve": _OUR_THREAD,
    "observability/admin_server.py make_server": Row(f"{_FILES}a_page_that_raises_costs_that_page"),
    "observability/status_page.py read_text": Row(spared="it reads a file of this package"),
    "pipeline/schema_waits.py add_done_callback": _BOOKKEEPING,
    "source/connect.py list_topics": Row(
        f"{_KAFKA}topics_that_cannot_be_listed_at_the_start_are_waited_for"
    ),
    "source/consumer.py Thread self._run": _OUR_THREAD,
    "source/consumer.py logger": Row(f"{_BACKS}log_line_that_raises_costs_that_line"),
    "source/fetch.py consume": Row(
        f"{_KAFKA}a_fetch_that_raises_ends_the_process_in_order",
        fatal="the client may have moved on behind records that it did not return",
    ),
    "source/member.py error_cb": _REPORT,
    "source/member.py on_assign": _REBALANCE,
    "source/member.py on_commit": _REBALANCE,
    "source/member.py on_lost": _REBALANCE,
    "source/member.py on_revoke": _REBALANCE,
    "source/member.py stats_cb": _REPORT,
    "source/positions.py committed": _START,
    "source/positions.py list_topics": _START,
    "source/positions.py offsets_for_times": _START,
    "source/statistics.py loads": _REPORT,
    "source/statistics.py offsets_for_times": Row(
        f"{_KAFKA}an_end_of_a_paused_partition_that_cannot_be_read_is_asked_for_again"
    ),
    "source/topic_ids.py describe_topics": Row(
        f"{_KAFKA}a_topic_id_that_cannot_be_read_is_asked_for_again"
    ),
    "source/totals.py list_topics": Row(
        f"{_KAFKA}a_number_of_partitions_that_cannot_be_read_is_asked_for_again"
    ),
    "startup/connections.py list_topics": Row(
        spared="`check --connect` alone calls it: a person's command, with nothing in flight"
    ),
    "stages.Decode.decode": Row(
        "pipeline.test_pipeline.test_a_fault_of_decoding_is_told_from_one_of_mapping"
    ),
    "stages.Decode.look_ahead": Row(
        "pipeline.test_pipeline.test_a_schema_that_cannot_be_resolved_costs_the_record_that_names_it"
    ),
    "stages.Decode.resolve": Row(
        "pipeline.test_pipeline.test_a_schema_that_cannot_be_resolved_costs_the_record_that_names_it"
    ),
    "stages.Map.map": Row(
        "pipeline.test_pipeline.test_a_fault_of_decoding_is_told_from_one_of_mapping"
    ),
    "stages.DeadLetters.close": _CLOSING,
    "stages.Deliver.close": _CLOSING,
    "stages.Source.close": _CLOSING,
    "stages.Source.start": Row(spared="it runs once, before the first record is taken"),
    "stages.Source.pause": Row(spared="it appends a command to a queue of ours"),
    "stages.Source.resume": Row(spared="it appends a command to a queue of ours"),
    "stages.Source.polled_within": Row(spared="it compares two times of ours"),
    "stages.SourceListener.failed": Row(spared="it is the report that ends the process"),
}
ROWS |= {
    f"stages.{name}": _OWN
    for name in (
        *("Source.commit", "Map.digest", "Deliver.submit", "Deliver.queued_seconds"),
        *("Deliver.give_back", "Deliver.hurry", "Deliver.abandon", "DeadLetters.send"),
        *("Commit.assigned", "Commit.finished_before", "Commit.admitted", "Commit.ended"),
        *("Commit.positions", "Commit.committed", "Commit.forget", "Commit.unacknowledged"),
        *("Commit.gap", "SourceListener.assigned", "SourceListener.received"),
        *("SourceListener.revoked", "SourceListener.lost", "SourceListener.committed"),
    )
}

BESIDE = (
    "source.test_records.test_headers_that_cannot_be_read_cost_their_record",
    "decode.test_foreign.test_a_schema_that_cannot_be_planned_for_refuses_its_records",
    "decode.test_foreign.test_a_record_whose_reading_raises_is_one_dead_letter",
    "delivery.test_classify.test_an_answer_that_cannot_be_read_is_transient",
    "seams.test_files_and_answers.test_mapping_files_that_raise_leave_the_old_mapping",
)
"""Tests of steps that no scan can name: headers, plans, rules on answers, files of a reload."""
