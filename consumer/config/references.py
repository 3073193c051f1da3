"""`${env:NAME}` and `${file:/path}`: the only two ways by which a value comes from elsewhere."""

import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_WRITTEN = re.compile(r"\$\{(env|file):[^}\s]*\}")
# Of the private use area: allowed in YAML and meaning nothing there.
_SHIELD = str.maketrans("{}:", "\ue000\ue001\ue002")
_UNSHIELD = str.maketrans("\ue000\ue001\ue002", "{}:")
_KINDS = "write `${env:NAME}` or `${file:/path/to/file}`"


class ReferenceFault(ValueError):
    """A reference that cannot be resolved. The text names it and never holds a value."""


@dataclass(slots=True)
class _File:
    """The text of a file, read again once the file has changed. One trailing line end is dropped.

    Raises OSError where there is none to be had, as while it is being written: an empty secret
    would only be refused.
    """

    path: Path
    seen: tuple[int, int, int] | None = None
    text: str = ""

    def __call__(self) -> str:
        status = self.path.stat()
        now = (status.st_mtime_ns, status.st_size, status.st_ino)
        if now != self.seen:
            try:
                text = self.path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise OSError(errno.EILSEQ, "not UTF-8 text") from None
            text = text.removesuffix("\n").removesuffix("\r")
            if not text:
                raise OSError(errno.ENODATA, "empty")
            self.text, self.seen = text, now
        return self.text


def shielded(text: str) -> str:
    """The text with the brackets and colons of references replaced, one character by another.

    Within `{...}` YAML would take those of an unquoted `${env:NAME}` for its own.
    """
    return _WRITTEN.sub(lambda match: match[0].translate(_SHIELD), text)


def unshielded(text: str) -> str:
    """The text before `shielded`."""
    return text.translate(_UNSHIELD)


def has_reference(text: str) -> bool:
    return "${" in text


def is_whole_reference(text: str) -> bool:
    """True if the text is references and nothing else, as a secret has to be."""
    return has_reference(text) and not _REFERENCE.sub("", text).strip()


def reader(text: str, environ: Mapping[str, str], folder: Path) -> Callable[[], str]:
    """A function that gives `text` with its references replaced by their present values.

    Relative files are relative to `folder`. Raises ReferenceFault for what cannot be resolved now;
    the function itself raises OSError where a file has become unreadable.
    """
    parts: list[Callable[[], str]] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts.append(_constant(text[end : match.start()]))
        parts.append(_resolve(match[1], environ, folder))
        end = match.end()
    if "${" in text[end:]:
        raise ReferenceFault(f"`${{` without its `}}`: {_KINDS}")
    parts.append(_constant(text[end:]))
    return lambda: "".join(part() for part in parts)


def _constant(text: str) -> Callable[[], str]:
    return lambda: text


def _resolve(reference: str, environ: Mapping[str, str], folder: Path) -> Callable[[], str]:
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        if name not in environ:
            raise ReferenceFault(f"the environment variable `{name}` is not set")
        if not environ[name]:
            raise ReferenceFault(f"the environment variable `{name}` is empty")
        return _constant(environ[name])
    if kind == "file" and name:
        file = _File(folder / name)
        try:
            file()
        except ValueError as error:  # a path with a NUL
            raise ReferenceFault(f"the file {name!r} cannot be read: {error}") from None
        except OSError as error:
            if error.errno == errno.EILSEQ:
                raise ReferenceFault(f"the file `{file.path}` is not UTF-8 text") from None
            if error.errno == errno.ENODATA:
                raise ReferenceFault(f"the file `{file.path}` is empty") from None
            why = (error.strerror or "not readable").lower()
            raise ReferenceFault(f"the file `{file.path}` cannot be read: {why}") from None
        return file
    raise ReferenceFault(f"`${{{reference}}}` is not a reference: {_KINDS}")
