"""Files from Maven Central by coordinates: pinned by SHA-256, kept in the user's cache folder."""

import concurrent.futures
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"
ATTEMPTS = 3


class PartUnavailableError(Exception):
    """A real part cannot be had on this machine. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file in a Maven repository; `suffix` is what follows the version in its name."""

    group: str
    name: str
    version: str
    sha256: str
    suffix: str = ".jar"

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}{self.suffix}"

    @property
    def url(self) -> str:
        """`MAVEN_CENTRAL_URL` in the environment names a mirror."""
        base = os.environ.get("MAVEN_CENTRAL_URL", MAVEN_CENTRAL).rstrip("/")
        return f"{base}/{self.group.replace('.', '/')}/{self.name}/{self.version}/{self.file}"


def read_lock(path: Path) -> list[Artifact]:
    """The artifacts of a lock file: one `group:artifact:version sha256` a line; `#` is a comment."""
    artifacts = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinates, sha256 = line.split()
            group, name, version = coordinates.split(":")
            artifacts.append(Artifact(group, name, version, sha256))
    return artifacts


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/yespo-bridge`, or `~/.cache/yespo-bridge`. Made if missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "yespo-bridge"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch_all(artifacts: Iterable[Artifact]) -> list[Path]:
    """Verified local copies, fetched side by side where missing. Raises PartUnavailableError."""
    with (
        httpx.Client(timeout=60.0, follow_redirects=True) as client,
        concurrent.futures.ThreadPoolExecutor(8) as threads,
    ):
        return list(threads.map(lambda artifact: _fetch(artifact, client), artifacts))


def fetch_unpacked(artifact: Artifact) -> Path:
    """The folder with the contents of a tar archive. Raises PartUnavailableError.

    The folder appears under its name only once it is complete, so its presence is proof enough.
    """
    folder = cache_folder() / f"{artifact.name}-{artifact.version}-{artifact.sha256[:12]}"
    if folder.is_dir():
        return folder
    [archive] = fetch_all([artifact])
    unpacked = Path(tempfile.mkdtemp(prefix="unpack-", dir=cache_folder()))
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    try:
        unpacked.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(unpacked)
    archive.unlink(missing_ok=True)
    return folder


def _fetch(artifact: Artifact, client: httpx.Client) -> Path:
    target = cache_folder() / artifact.file
    if target.is_file() and _sha256(target) == artifact.sha256:
        return target
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _download(artifact, target, client)
        except httpx.HTTPError as error:
            if attempt == ATTEMPTS:
                text = f"{artifact.url} cannot be fetched: {type(error).__name__}: {error}"
                raise PartUnavailableError(text) from error
        else:
            break
    return target


def _download(artifact: Artifact, target: Path, client: httpx.Client) -> None:
    """Into a file beside the target, which takes its name only once the digest is right."""
    digest = hashlib.sha256()
    with (
        client.stream("GET", artifact.url) as answer,
        tempfile.NamedTemporaryFile(prefix="fetch-", dir=target.parent, delete=False) as file,
    ):
        partial = Path(file.name)
        try:
            answer.raise_for_status()
            for block in answer.iter_bytes():
                digest.update(block)
                file.write(block)
        except httpx.HTTPError:
            partial.unlink()
            raise
    if digest.hexdigest() != artifact.sha256:
        partial.unlink()
        text = f"{artifact.url} has SHA-256 {digest.hexdigest()}, pinned is {artifact.sha256}"
        raise PartUnavailableError(text)
    partial.replace(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
