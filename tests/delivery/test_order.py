"""Who waits for whom, against the rule said plainly: for any earlier unfinished event of the same
partition with a value in common."""

from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.order import Order
from consumer.model import Partition
from tests.delivery.makers import a_flight, a_partition, an_event


def a_job(number: int, partition: Partition, *values: str) -> Job:
    return Job(an_event(str(number), *values), a_flight(partition), number)


def test_one_person_goes_in_order_and_others_do_not_wait() -> None:
    order, here = Order(), a_partition()
    first, second = a_job(1, here, "anna"), a_job(2, here, "anna")
    other = a_job(3, here, "boris")
    assert order.add(first)
    assert not order.add(second)
    assert order.add(other)
    assert order.finish(other) == []
    assert order.finish(first) == [second]
    assert order.finish(second) == []


def test_a_login_ties_the_cookie_to_the_email() -> None:
    order, here = Order(), a_partition()
    browsing, by_mail = a_job(1, here, "cookie"), a_job(2, here, "mail")
    login, later = a_job(3, here, "cookie", "mail"), a_job(4, here, "mail")
    assert order.add(browsing)
    assert order.add(by_mail)
    assert not order.add(login)
    assert not order.add(later)
    assert order.finish(by_mail) == []
    assert order.finish(browsing) == [login]
    assert order.finish(login) == [later]


def test_sharing_two_values_with_one_event_is_one_wait() -> None:
    order, here = Order(), a_partition()
    first, second = a_job(1, here, "cookie", "mail"), a_job(2, here, "mail", "cookie", "mail")
    assert order.add(first)
    assert not order.add(second)
    assert order.finish(first) == [second]


def test_other_partitions_have_an_order_of_their_own() -> None:
    order = Order()
    assert order.add(a_job(1, a_partition(0), "anna"))
    assert order.add(a_job(2, a_partition(1), "anna"))


def test_a_regained_partition_waits_for_nothing_of_its_former_assignment() -> None:
    order, before = Order(), a_partition()
    late = a_job(1, before, "anna")
    order.add(late)
    order.forget(before)
    after = Partition("shop.clicks", 0, 2)
    assert order.add(a_job(2, after, "anna"))
    assert order.finish(late) == []
    assert len(order) == 1


def test_what_is_finished_leaves_nothing_behind() -> None:
    order, here = Order(), a_partition()
    for number in range(1000):
        job = a_job(number, here, f"cookie-{number}", f"mail-{number}")
        order.add(job)
        order.finish(job)
    assert len(order) == 0
    assert order._partitions[here].tails == {}


@settings(deadline=None)
@given(
    events=st.lists(
        st.tuples(st.integers(0, 1), st.lists(st.sampled_from("abcde"), min_size=1, max_size=3)),
        max_size=30,
    ),
    data=st.data(),
)
def test_an_event_may_go_exactly_when_all_before_it_with_a_value_in_common_have_ended(
    events: list[tuple[int, list[str]]], data: st.DataObject
) -> None:
    order, partitions = Order(), [a_partition(0), a_partition(1)]
    unfinished: list[Job] = []
    free: set[Job] = set()
    coming = [a_job(n, partitions[p], *values) for n, (p, values) in enumerate(events)]
    while coming or unfinished:
        startable = sorted(free, key=lambda job: job.number)
        if coming and (not startable or data.draw(st.booleans())):
            job = coming.pop(0)
            if order.add(job):
                free.add(job)
            unfinished.append(job)
        else:
            job = data.draw(st.sampled_from(startable))
            free.remove(job)
            unfinished.remove(job)
            free.update(order.finish(job))
        assert free == {job for job in unfinished if not blockers(job, unfinished)}
        assert len(order) == len(unfinished)


def blockers(job: Job, unfinished: list[Job]) -> list[Job]:
    return [
        earlier
        for earlier in unfinished
        if earlier.number < job.number
        and earlier.flight.partition is job.flight.partition
        and set(earlier.event.order_by) & set(job.event.order_by)
    ]
