"""What a Kafka error means, before and after Kafka was reached."""

from confluent_kafka import KafkaError

from consumer.errors import FatalError, KafkaSetupError
from consumer.source.faults import ending


def test_refused_credentials_end_a_start_but_not_a_process_that_runs() -> None:
    refused = KafkaError(KafkaError._AUTHENTICATION, "SASL PLAIN mechanism handshake failed")
    found = ending(refused, connected=False)
    assert isinstance(found, KafkaSetupError)
    assert str(found) == (
        "Kafka refuses the connection (SASL PLAIN mechanism handshake failed): check "
        "`sasl.mechanisms`, `sasl.username` and `sasl.password`"
    )
    assert ending(refused, connected=True) is None


def test_a_fatal_error_without_a_remedy_ends_the_process() -> None:
    found = ending(KafkaError(KafkaError._FATAL, "gone", True), connected=True)
    assert isinstance(found, FatalError)
    assert found.exit_code == 7


def test_what_passes_by_itself_is_waited_for() -> None:
    assert ending(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION), connected=True) is None
    assert ending(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), connected=True) is None


def test_two_processes_with_one_instance_id_are_told_so() -> None:
    found = ending(KafkaError(KafkaError.FENCED_INSTANCE_ID, "fenced", True), connected=True)
    assert isinstance(found, KafkaSetupError)
    assert "another process uses the same `group.instance.id`" in str(found)
