"""Applies the remedies of findings to mapping files on disk: `mapping check --fix`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from consumer.documents.edits import applied, compatible
from consumer.documents.findings import Finding
from consumer.mapping.check.checked import Account
from consumer.mapping.unit import check_unit

MAX_ROUNDS = 20


def mend(paths: Sequence[Path], accounts: Mapping[str, Account], *, warnings: bool = False) -> int:
    """Apply edits until none helps; returns how many findings are gone. Raises OSError.

    A round that leaves as many findings as before is taken back, file by file.
    """
    left = before = _counted(paths, accounts, warnings)
    for _ in range(MAX_ROUNDS):
        chosen = compatible(left)
        if not chosen:
            break
        saved = _apply(chosen)
        after = _counted(paths, accounts, warnings)
        if _badness(after) >= _badness(left):
            for path, data in saved.items():
                path.write_bytes(data)
            break
        left = after
    return len(before) - len(left)


def _badness(findings: Sequence[Finding]) -> tuple[int, int]:
    """A file that YAML can read may show more mistakes than one that it cannot, and is better."""
    return sum(finding.code == "bad-yaml" for finding in findings), len(findings)


def _counted(
    paths: Sequence[Path], accounts: Mapping[str, Account], warnings: bool
) -> list[Finding]:
    _, findings, _ = check_unit(paths, accounts)
    return [one for one in findings if warnings or one.severity == "error"]


def _apply(chosen: Sequence[Finding]) -> dict[Path, bytes]:
    """Edit the files; returns what stood in them."""
    saved = {}
    for name in dict.fromkeys(edit.place.file for one in chosen for edit in one.edits):
        path = Path(name)
        saved[path] = path.read_bytes()
        edits = [edit for one in chosen for edit in one.edits if edit.place.file == name]
        # As bytes: neither a byte order mark nor line ends may change.
        mark = b"\xef\xbb\xbf" if saved[path].startswith(b"\xef\xbb\xbf") else b""
        text = applied(saved[path].decode("utf-8-sig"), edits)
        path.write_bytes(mark + text.encode())
    return saved
