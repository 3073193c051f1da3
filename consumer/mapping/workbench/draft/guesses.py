"""A guess: an expression, how sure it is, and why."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The certainty of a guess. An unsure one becomes a comment of the mapping."""

    UNSURE = 0
    LIKELY = 1
    SURE = 2

    @property
    def word(self) -> str:
        """As the comments of a drafted mapping say it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Guess:
    """`proofs` are the conditions under which the expression has a value; `may_lack` is true where no
    condition can prove it."""

    expression: str
    level: Level
    why: str
    proofs: tuple[str, ...] = ()
    may_lack: bool = False
