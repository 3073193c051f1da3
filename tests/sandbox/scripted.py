"""A judge whose verdict the test writes, for what the sandbox makes of a verdict."""

from collections.abc import Sequence

from consumer.model import Api
from consumer.yespo.spec import ContractViolation


class ScriptedJudge:
    """Finds `verdict` in every body; without one, every body keeps every rule."""

    def __init__(self, *verdict: ContractViolation) -> None:
        self.verdict: tuple[ContractViolation, ...] = verdict
        self.asked: list[tuple[Api, bytes]] = []

    def __call__(self, api: Api, body: bytes) -> Sequence[ContractViolation]:
        self.asked.append((api, body))
        return self.verdict


MISSING_KEY = ContractViolation("eventTypeKey", "required", "is required")
TOO_LARGE = ContractViolation("", "body_size", "the event has more than 20000 bytes")
