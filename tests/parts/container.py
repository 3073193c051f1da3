"""The image without a container engine: the Dockerfile's own steps, run by Linux' own means.

What an engine does is done with `unshare`, bind mounts and `chroot`: a root file system of its own
that is read-only, a process table of its own (the program is process 1), a numeric user without
capabilities. Not the base image's: `/usr` is this machine's, `/usr/local` the tests' Python.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.parts.fetch import PartUnavailableError, cache_folder

REPOSITORY = Path(__file__).parents[2]
_FROM_HOST = ("resolv.conf", "hosts", "nsswitch.conf", "pip.conf", "ld.so.cache")
_DEVICES = ("null", "zero", "random", "urandom")
_FOR_PIP = re.compile(r"PIP_|SSL_CERT_|REQUESTS_|(https?|no)_proxy$", re.IGNORECASE)


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, each with its arguments on one line."""
    kept = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(kept))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines()]  # type: ignore[misc]  # two words each


@dataclass
class Image:
    """A built image: `root` is its file system, the rest what the Dockerfile says of a start."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)

    def run(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        mounts: Mapping[str, tuple[Path, bool]] | None = None,
        output: Any = subprocess.PIPE,
        entrypoint: Sequence[str] | None = None,
    ) -> "Container":
        """Start it with a read-only root. `mounts`: path in it -> (folder here, writable)."""
        for path in mounts or {}:
            (self.root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        command = [*(entrypoint or self.entrypoint), *arguments]
        script = _script(
            self.root, mounts or {}, self.user, self.environment | dict(environment or {}), command,
            self.workdir,
        )  # fmt: skip
        return Container(_unshared(script, output))


@dataclass
class Container:
    """A running one. `outer` waits for it; signals go to the program itself, process 1 in there."""

    outer: subprocess.Popen[bytes]

    @property
    def program(self) -> psutil.Process:
        (inner,) = psutil.Process(self.outer.pid).children()
        return inner

    def signal(self, number: int) -> None:
        os.kill(self.program.pid, number)

    def end(self, seconds: float = 60) -> tuple[int, str]:
        """Wait until it has ended; its exit code and output."""
        out, _ = self.outer.communicate(timeout=seconds)
        return self.outer.returncode, out.decode() if out else ""

    def stop(self) -> None:
        if self.outer.poll() is None:
            self.outer.kill()  # `--kill-child` takes the program with it
            self.outer.wait(10)


def build(folder: Path, context: Path = REPOSITORY) -> Image:
    """Run the Dockerfile of `context`, stage by stage. Raises PartUnavailableError where this machine
    does not let us mount."""
    _may_mount()
    allowed = _allowed(context)
    stages: dict[str, Image] = {}
    image = Image(folder)
    history = hashlib.sha256(f"{sys.version}{sys.base_prefix}".encode())
    for word, rest in instructions((context / "Dockerfile").read_text()):
        history.update(f"{word} {rest}\n".encode())
        match word:
            case "FROM":
                name = rest.partition(" AS ")[2] or "last"
                image = stages[name] = Image(_skeleton(folder / name), {"PATH": _PATH})
            case "WORKDIR":
                image.workdir = rest
                (image.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(rest.split(), image, stages, context, allowed)
                for name in rest.split()[:-1]:
                    if (context / name).is_file():
                        history.update((context / name).read_bytes())
            case "RUN":
                _run_once(image, rest, history)
            case _:
                _note(image, word, rest)
    return image


_PATH = "/usr/local/bin:/usr/bin:/bin"


def _note(image: Image, word: str, rest: str) -> None:
    """What only says something of a start."""
    match word:
        case "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                image.environment[name] = value.replace("${PATH}", _PATH)
        case "USER":
            image.user = rest
        case "ENTRYPOINT":
            image.entrypoint = json.loads(rest)
        case "ARG" | "CMD" | "EXPOSE" | "LABEL" | "STOPSIGNAL":
            pass
        case _:
            raise AssertionError(f"an instruction this builder does not know: {word}")


def _may_mount() -> None:
    probe = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"]
    if (
        sys.platform != "linux"
        or subprocess.run(probe, capture_output=True, check=False).returncode
    ):
        raise PartUnavailableError("running the image needs Linux and the right to mount (root)")


def _allowed(context: Path) -> set[str]:
    lines = (context / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "everything else stays out of the image"
    return {line[1:] for line in lines if line.startswith("!")}


def _skeleton(root: Path) -> Path:
    """Folders of a base image; its programs are mounted when something runs."""
    root.mkdir(parents=True)
    for name in ("usr", "proc", "dev", "tmp", "etc/ssl", "opt", "var", sys.base_prefix):
        (root / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in _FROM_HOST:
        if Path("/etc", name).is_file():
            shutil.copy(Path("/etc", name), root / "etc" / name)
    for name in _DEVICES:
        (root / "dev" / name).touch()
    return root


def _copy(
    words: list[str], image: Image, stages: Mapping[str, Image], context: Path, allowed: set[str]
) -> None:
    source = context
    if words[0].startswith("--from="):
        source = stages[words.pop(0).removeprefix("--from=")].root
    *names, target = words
    place = Path(target) if target.startswith("/") else Path(image.workdir) / target
    folder = image.root / str(place).lstrip("/")
    for name in names:
        assert source is not context or name in allowed, f".dockerignore keeps {name} out"
        one = source / name.lstrip("/")
        if one.is_dir():
            skip = shutil.ignore_patterns("__pycache__") if source is context else None
            shutil.copytree(one, folder, symlinks=True, dirs_exist_ok=True, ignore=skip)
        else:
            shutil.copy2(one, folder / one.name if target == "./" else folder)


def _run_once(image: Image, command: str, history: "hashlib._Hash") -> None:
    """A layer that needs the network is kept, as engines keep it, until what led to it changes."""
    if "--require-hashes" not in command:
        _run(image, command)
        return
    kept = cache_folder() / f"image-layer-{history.hexdigest()[:16]}"
    if kept.exists():
        shutil.rmtree(image.root)
        shutil.copytree(kept, image.root, symlinks=True)
        return
    _run(image, command)
    for old in cache_folder().glob("image-layer-*"):
        shutil.rmtree(old)
    new = kept.with_suffix(f".{os.getpid()}")
    shutil.copytree(image.root, new, symlinks=True)
    new.rename(kept)


def _run(image: Image, command: str) -> None:
    environment = image.environment | {k: v for k, v in os.environ.items() if _FOR_PIP.match(k)}
    mounts = {"/": (image.root, True)}
    script = _script(
        image.root, mounts, "0:0", environment, ["/bin/sh", "-c", command], image.workdir
    )
    done = _unshared(script, subprocess.PIPE)
    out, _ = done.communicate(timeout=300)
    assert done.returncode == 0, out.decode()


def _unshared(script: str, output: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-ec", script],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _script(
    root: Path,
    mounts: Mapping[str, tuple[Path, bool]],
    user: str,
    environment: Mapping[str, str],
    command: Sequence[str],
    workdir: str,
) -> str:
    """What is done in the new namespaces before the program takes their place."""
    lines = ["mount --make-rprivate /", f"mount --bind {root} {root}"]

    def bind(source: Path | str, target: str, *, writable: bool = False) -> None:
        lines.append(f"mount --bind {source} {root}{target}")
        if not writable:
            lines.append(f"mount -o remount,bind,ro {root}{target}")

    bind("/usr", "/usr")
    for place in ("/usr/local", sys.base_prefix):  # the latter for the libraries it names by path
        if place != "/usr":
            bind(sys.base_prefix, place)
    bind("/etc/ssl", "/etc/ssl")
    lines += [f"mount --bind /dev/{device} {root}/dev/{device}" for device in _DEVICES]
    for path, (folder, writable) in mounts.items():
        if path != "/":
            bind(folder, path, writable=writable)
    lines.append(f"mount -t proc proc {root}/proc")
    if "/" not in mounts:
        lines.append(f"mount -o remount,bind,ro {root}")
    uid, gid = user.split(":")
    drop = "" if uid == "0" else "--bounding-set=-all --inh-caps=-all --no-new-privs"
    start = [
        *f"/usr/bin/setpriv --reuid {uid} --regid {gid} --clear-groups {drop}".split(),
        *("/usr/bin/env", "-i", f"--chdir={workdir}"),
        *(f"{name}={value}" for name, value in environment.items()),
        *command,
    ]
    lines.append(f"exec chroot {root} {shlex.join(start)}")
    return "\n".join(lines)
