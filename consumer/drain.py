"""Partitions on their way out: what a revoke or a shutdown still waits for."""

from collections.abc import Callable

from consumer.clock import Timer
from consumer.lanes import Lane
from consumer.stages import Positions


class Drain:
    """`finished` gets the positions to commit. Owner: the pipeline."""

    __slots__ = ("finished", "lanes", "timer", "unfinished")

    def __init__(self, lanes: list[Lane], finished: Callable[[Positions], None]) -> None:
        self.lanes = lanes
        self.finished = finished
        self.timer: Timer | None = None
        self.unfinished = 0

    def open_flights(self) -> int:
        return sum(len(lane.flights) for lane in self.lanes)
