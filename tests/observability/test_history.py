"""The last minute and the last hour in figures, from samples that stay few."""

from consumer.model import Endpoint
from consumer.observability.history import EndpointSample, History, Sample

V2 = Endpoint("main", "v2")


def a_sample(at: float, *, delivered: int = 0, dead: int = 0, lag: float = 0.0) -> Sample:
    durations = (0,) * 3 + (delivered,) + (0,) * 9
    return Sample(
        at=at,
        wall=1_700_000_000 + at,
        received=delivered + dead,
        ended=delivered + dead,
        delivered=delivered,
        dead_letters=dead,
        dead_letter_errors=0,
        assigned=0,
        partitions=int(at) % 7,
        kafka_away=0,
        lag_seconds=lag,
        loop_lag=(0,) * 12,
        endpoints={V2: EndpointSample(delivered, delivered, 0, 0, 0.5 * at, durations)},
    )


def test_the_last_minute_is_what_happened_between_its_first_and_its_last_sample() -> None:
    history = History()
    for number in range(100):
        history.add(a_sample(5.0 * number, delivered=50 * number, dead=number))
    recent = history.recent()
    assert (recent["seconds"], recent["delivered"], recent["dead_letters"]) == (60.0, 600, 12)
    assert recent["endpoints"]["main/v2"] == {
        "requests": 600,
        "delivered": 600,
        "throttled": 0,
        "failed": 0,
        "rate_wait": 0.5,
        "p90_seconds": 0.05,
    }


def test_a_bridge_that_has_just_begun_has_no_minute_yet() -> None:
    history = History()
    assert history.recent() == {"seconds": 0.0, "endpoints": {}}
    history.add(a_sample(0.0, delivered=7))
    assert history.recent() == {"seconds": 0.0, "endpoints": {}}
    assert history.since(3600, "delivered") == 0


def test_an_hour_is_kept_in_as_many_samples_as_it_has_minutes() -> None:
    history = History()
    for number in range(12 * 180):
        history.add(a_sample(5.0 * number, delivered=number, dead=number // 12, lag=number % 12))
    assert len(history.hour) == 61
    assert len(history.minute) == 13
    lines = history.lines()
    assert [len(line) for line in lines.values()] == [60, 60, 60]
    assert set(lines["events_delivered"]) == {12}
    assert set(lines["dead_letters"]) == {1}
    assert set(lines["lag_seconds"]) == {11.0}, "the worst of each minute"
    assert 59 <= history.since(3600, "dead_letters") <= 60
    assert 14 <= history.since(900, "dead_letters") <= 15


def test_the_most_partitions_held_are_those_of_the_time_asked_for() -> None:
    history = History()
    for number, partitions in enumerate([12] * 12 + [2] * 24):
        history.add(a_sample(5.0 * number)._replace(partitions=partitions, assigned=12))
    assert history.most(900, "partitions") == 12
    assert history.most(60, "partitions") == 2
    assert history.since(900, "assigned") == 0
