"""A stage that fails in what it knows of records ends the process in order, with nothing quoted.

After such a fault it is unknown which records have ended, and a commit could lose some of them.
"""

import asyncio
from collections.abc import Callable

import pytest

from consumer.commit.committer import Committer
from consumer.errors import FatalError
from consumer.pipeline.pipeline import Pipeline
from consumer.privacy.safe_traceback import in_loop
from consumer.stages import Position
from tests.pipeline.test_pipeline import Harness
from tests.seams.foreign import FOREIGN, SECRET, raising
from tests.stage_doubles import FakeDeadLetters, FakeDeliver, FakeMap, FakeSource

Step = Callable[[Harness], object]


def lose(harness: Harness) -> None:
    harness.pipeline.lost([harness.zero])


def revoke(harness: Harness) -> None:
    harness.receive("v2")
    harness.pipeline.revoked([harness.zero], 5.0, lambda _: None)
    harness.clock.advance(10)


def commit(harness: Harness) -> None:
    harness.receive("drop")
    harness.clock.advance(1)


def take(harness: Harness) -> None:
    harness.receive("v2")


def reject(harness: Harness) -> None:
    harness.receive("bad")


def assign(harness: Harness) -> None:
    harness.assign(1)


def acknowledge(harness: Harness) -> None:
    harness.pipeline.committed({harness.zero: Position(0)}, None)


STEPS: dict[str, tuple[type, str, Step]] = {
    "Source.commit": (FakeSource, "commit", commit),
    "Map.digest": (FakeMap, "digest", take),
    "Deliver.submit": (FakeDeliver, "submit", take),
    "Deliver.queued_seconds": (FakeDeliver, "queued_seconds", take),
    "Deliver.give_back": (FakeDeliver, "give_back", revoke),
    "Deliver.hurry": (FakeDeliver, "hurry", revoke),
    "Deliver.abandon": (FakeDeliver, "abandon", lose),
    "DeadLetters.send": (FakeDeadLetters, "send", reject),
    "Commit.assigned": (Committer, "assigned", assign),
    "Commit.finished_before": (Committer, "finished_before", take),
    "Commit.admitted": (Committer, "admitted", take),
    "Commit.ended": (Committer, "ended", commit),
    "Commit.positions": (Committer, "positions", revoke),
    "Commit.committed": (Committer, "committed", acknowledge),
    "Commit.forget": (Committer, "forget", lose),
    "Commit.unacknowledged": (Committer, "unacknowledged", take),
    "Commit.gap": (Committer, "gap", take),
    "SourceListener.assigned": (Pipeline, "assigned", assign),
    "SourceListener.received": (Pipeline, "received", take),
    "SourceListener.revoked": (Pipeline, "revoked", revoke),
    "SourceListener.lost": (Pipeline, "lost", lose),
    "SourceListener.committed": (Pipeline, "committed", acknowledge),
}
PROPERTIES = {"digest", "queued_seconds", "unacknowledged"}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", STEPS)
async def test_a_stage_that_fails_in_its_own_state_ends_the_process_in_order(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Exception]
) -> None:
    owner, method, step = STEPS[name]
    stopped: list[Exception] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(in_loop(stopped.append))
    fault = raising(kind)
    if owner is FakeSource:  # the committer keeps this method from its construction on
        monkeypatch.setattr(owner, method, fault)
    harness = Harness()
    if method == "queued_seconds":  # a field of the double, which an instance has of its own
        del harness.deliver.queued_seconds
    monkeypatch.setattr(owner, method, property(fault) if method in PROPERTIES else fault)
    loop.call_soon(step, harness)
    for _ in range(5):
        await asyncio.sleep(0)
    assert [type(error) for error in stopped[:1]] == [FatalError]
    assert SECRET not in str(stopped)
