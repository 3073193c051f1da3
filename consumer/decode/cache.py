"""Fetched schemas on disk, for a start while the registry is down. One small file per schema."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

_ID: Final = re.compile("[0-9]{1,10}")


class DiskCache:
    """A folder of `<name>.json` files: the schema's text, after those it refers to.

    Ids mean nothing outside their registry, so each registry has a folder of its own below
    `folder`. Files that cannot be read or understood count as absent; a folder that cannot be
    written to is said once and costs nothing but the warm start. All calls block on the disk.
    """

    def __init__(self, folder: str, registry_url: str) -> None:
        digest = hashlib.sha256(registry_url.rstrip("/").encode()).hexdigest()
        self._folder = Path(folder) / digest[:16]
        self._writable = True

    def highest_id(self) -> int:
        """The highest registry id kept here, 0 if there is none."""
        names = [one.stem for one in self._folder.glob("*.json")]
        return max((int(name) for name in names if _ID.fullmatch(name)), default=0)

    def load(self, name: str) -> list[str] | None:
        """The texts kept under `name` (an id or a GUID), innermost reference first."""
        try:
            texts = json.loads(self._file(name).read_bytes())
        except Exception:  # noqa: BLE001 a file of any content is one that is not kept
            return None
        if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
            return texts
        return None

    def store(self, name: str, texts: Sequence[str]) -> None:
        """Keep the texts under `name`: either the whole file is there afterwards, or nothing."""
        partial = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self._folder, suffix=".partial", delete=False, encoding="utf-8"
            ) as file:
                partial = Path(file.name)
                json.dump(list(texts), file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._file(name))
        except OSError as error:
            if partial is not None:
                partial.unlink(missing_ok=True)
            if self._writable:
                self._writable = False
                log.warning(
                    "schemas cannot be kept on disk; a start with the registry down would wait",
                    folder=str(self._folder),
                    error=error.strerror,
                )

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"
