"""The judge of a run: knows what was produced and what arrived, and nothing of the bridge.

It reads Kafka's committed offsets while the run goes on, and holds everything against the records
at the end. Each finding is one line of text; an empty list is a run in which every promise held.
"""

import itertools
import threading
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from consumer.sandbox.store import Received
from tests.e2e.conftest import Shop, headers_of
from tests.e2e.shop import Request, request_of

LOOK_SECONDS = 0.05
APIS = ("legacy", "v2")


class Watcher:
    """Looks at the committed offsets every few milliseconds, as long as the block lasts.

    `ahead` are requests below a committed offset that had not arrived at the time, `backwards` are
    commits below an earlier one of their partition.
    """

    def __init__(self, shop: Shop) -> None:
        self.ahead: list[str] = []
        self.backwards: list[str] = []
        self.looks = 0
        self._shop = shop
        self._consumer = Consumer(
            {"bootstrap.servers": shop.kafka.bootstrap, "group.id": shop.group, "log_level": 0}
        )
        topics = self._consumer.list_topics(shop.clicks, 10).topics
        self._partitions = list(topics[shop.clicks].partitions)
        self._checked = dict.fromkeys(self._partitions, 0)
        self._highest = dict.fromkeys(self._partitions, 0)
        self._arrived: set[Request] = set()
        self._read = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._look()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        """Offsets first, arrivals second: what was committed must have arrived before."""
        asked = [TopicPartition(self._shop.clicks, number) for number in self._partitions]
        try:
            answers = self._consumer.committed(asked, timeout=5.0)
        except KafkaException:
            return  # a broker is away: the next look sees as much
        received = self._shop.sandbox.received
        self._arrived.update(request_of(one) for one in received[self._read :] if one.taken)
        self._read = len(received)
        self.looks += 1
        for answer in answers:
            if answer.error is None and answer.offset >= 0:
                self._judge(answer.partition, answer.offset)

    def _judge(self, partition: int, committed: int) -> None:
        if committed < self._highest[partition]:
            self.backwards.append(f"{partition}: {committed} after {self._highest[partition]}")
        self._highest[partition] = max(self._highest[partition], committed)
        topic = self._shop.topic
        for offset in range(self._checked[partition], committed):
            for api in APIS if (partition, offset) in topic.persons else ():
                request = Request(partition, offset, api)
                if request in topic.expected and request not in self._arrived:
                    self.ahead.append(f"{partition}@{offset} {api}, committed {committed}")
        self._checked[partition] = max(self._checked[partition], committed)


def findings(shop: Shop, watcher: Watcher, *, repeats: int | None = None) -> list[str]:
    """What is wrong with the run. `repeats` is how many requests may have arrived more than once
    (None: not judged here). Call it once the group has caught up."""
    verdict = shop.verdict()
    found = [
        f"{what}: {len(which)}, e.g. {which[0]}"
        for what, which in (
            ("lost", verdict.lost),
            ("out of order", verdict.reordered),
            ("unexpected", verdict.unexpected),
            ("committed ahead of delivery", watcher.ahead),
            ("commits going backwards", watcher.backwards),
            ("dead letters", wrong_dead_letters(shop)),
        )
        if which
    ]
    if verdict.violations:
        found.append(f"contract broken: {verdict.violations} times")
    if repeats is not None and verdict.repeated > repeats:
        found.append(f"repeated: {verdict.repeated} requests, {repeats} are allowed")
    if not watcher.looks:
        found.append("the committed offsets were never seen")
    return found


def wrong_dead_letters(shop: Shop) -> list[str]:
    """Poison without a dead letter that equals it byte for byte, and dead letters of nothing. Written
    twice is right: at least once is promised."""
    total = sum(shop.kafka.end_offsets(shop.dead).values())
    letters = shop.dead_letters(total) if total else []
    wanted = {(p.key, p.value, p.headers) for p in shop.topic.poison}
    got = {_source_part(letter) for letter in letters}
    wrong = [f"missing {key.decode()}" for key, _, _ in wanted - got]
    return wrong + [f"{key.decode()} equals no source" for key, _, _ in got - wanted]


def _source_part(
    letter: Message,
) -> tuple[bytes, bytes, tuple[tuple[str, bytes | None], ...]]:
    """Key, value and headers of a dead letter without the headers that the bridge adds."""
    kept = [(k, v) for k, v in headers_of(letter) if not k.startswith("yespo.dlq.")]
    key = letter.key()
    assert isinstance(key, bytes)
    return key, letter.value() or b"", tuple(kept)


def stale(received: Sequence[Received], since: int, member: str, successor: str) -> list[Request]:
    """Requests of `member` after the first `since` arrivals that its `successor` has sent too (both
    are legacy site ids): it acted on partitions that were no longer its own."""
    legacy = [(number, one) for number, one in enumerate(received) if one.api == "legacy"]
    taken_over = {request_of(one) for _, one in legacy if one.account == successor}
    return [
        request
        for number, one in legacy
        if number >= since
        and one.account == member
        and one.taken
        and (request := request_of(one)) in taken_over
    ]


def repeats_per_cut(order: Sequence[Request], cuts: Collection[int]) -> list[int]:
    """Requests that had arrived before, by the cut (number of arrivals at a kill) behind which they
    came again."""
    bounds = [*cuts, len(order)]
    seen = set(order[: bounds[0]])
    repeats = []
    for begin, end in itertools.pairwise(bounds):
        part = order[begin:end]
        repeats.append(sum(request in seen for request in part))
        seen.update(part)
    return repeats
