"""The mapping of a process that sends to some endpoints only."""

from consumer.model import Decoded, Endpoint, Event, Mapped, Record
from consumer.startup.scoped_map import ScopedMap
from tests.fakes import a_record

V2, LEGACY = Endpoint("main", "v2"), Endpoint("main", "legacy")


class Both:
    """Makes what it is given of each record."""

    digest = "today"

    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        return self._mapped


def scoped(mapped: Mapped) -> Mapped:
    found = ScopedMap(Both(mapped), lambda endpoint: endpoint == V2)
    assert found.digest == "today"
    return found.map(a_record(0), Decoded({}, "shop.Click", "1"))


def event(endpoint: Endpoint) -> Event:
    return Event(endpoint, "cartUpdated", "cart", 0, b"{}", ("a",))


def test_events_of_other_endpoints_are_not_made() -> None:
    ours, others = event(V2), event(LEGACY)
    assert scoped(Mapped([others, ours])).events == [ours]


def test_a_record_for_others_alone_is_filtered_with_the_reason() -> None:
    found = scoped(Mapped([event(LEGACY)]))
    assert (found.events, found.filtered) == ([], "other_scope")


def test_what_was_not_built_counts_where_it_would_be_sent() -> None:
    skipped = {(V2, "no_identifier"): 1, (LEGACY, "no_cookie"): 2}
    assert scoped(Mapped([event(V2)], skipped=skipped)).skipped == {(V2, "no_identifier"): 1}


def test_a_reason_that_the_mapping_gave_stays() -> None:
    assert scoped(Mapped((), "no_rule")).filtered == "no_rule"
