"""Applies the remedies of findings to mapping files on disk: `mapping check --fix`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from consumer.documents.edits import applied, compatible
from consumer.documents.findings import Finding
from consumer.mapping.check.checked import Account
from consumer.mapping.unit import check_unit

MAX_ROUNDS = 20
_MARK = b"\xef\xbb\xbf"


def mend(paths: Sequence[Path], accounts: Mapping[str, Account], *, warnings: bool = False) -> int:
    """Apply edits as long as there are any; returns how many findings are gone. Raises OSError.

    One remedy may uncover a further mistake that has a remedy of its own. The files are left as they
    were in the round with the fewest findings.
    """
    contents: dict[Path, bytes] = {}
    best: tuple[tuple[int, int, int], dict[Path, bytes]] | None = None
    first = count = 0
    for number in range(MAX_ROUNDS):
        findings = _findings(paths, accounts, warnings)
        badness = _badness(findings)
        if number == 0:
            first = count = len(findings)
        if best is None or badness < best[0]:
            best, count = (badness, dict(contents)), len(findings)
        chosen = compatible(findings)
        if not chosen:
            break
        for path, before in _apply(chosen).items():
            contents.setdefault(path, before)
            if best is not None:
                best[1].setdefault(path, before)
        contents |= {path: path.read_bytes() for path in contents}
    assert best is not None
    for path, data in best[1].items():
        path.write_bytes(data)
    return first - count


def _badness(findings: Sequence[Finding]) -> tuple[int, int, int]:
    """A file that YAML can read may show more mistakes than one that it cannot, and is better."""
    unread = sum(finding.code == "bad-yaml" for finding in findings)
    return unread, sum(finding.severity == "error" for finding in findings), len(findings)


def _findings(
    paths: Sequence[Path], accounts: Mapping[str, Account], warnings: bool
) -> list[Finding]:
    _, findings, _ = check_unit(paths, accounts)
    return [one for one in findings if warnings or one.severity == "error"]


def _apply(chosen: Sequence[Finding]) -> dict[Path, bytes]:
    """Edits the files; returns their old bytes. Byte order marks and line endings stay."""
    saved = {}
    for name in dict.fromkeys(edit.place.file for one in chosen for edit in one.edits):
        path = Path(name)
        saved[path] = path.read_bytes()
        edits = [edit for one in chosen for edit in one.edits if edit.place.file == name]
        mark = _MARK if saved[path].startswith(_MARK) else b""
        path.write_bytes(mark + applied(saved[path].decode("utf-8-sig"), edits).encode())
    return saved
