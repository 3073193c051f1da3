"""Secrets, and the references (`${env:NAME}`, `${file:PATH}`) that lead to their values.

Values that stand in files are read again while the program runs.
"""

import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import GetCoreSchemaHandler, SecretStr, WrapValidator
from pydantic_core import PydanticCustomError, core_schema

CREDENTIALS = re.compile(r"(?<=://)(?:(?!://)\S)+(?=@)")
"""User and password in a URL; up to the last `@`, since people write passwords with `@` and `/`."""


def without_credentials(text: str) -> str:
    """The text with user and password of any URL in it masked."""
    return CREDENTIALS.sub("***", text)


class LiveText(str):
    """A text out of a reference: itself what it was at load, `current()` what it is now."""

    __slots__ = ("_read",)
    _read: Callable[[], str]

    def __new__(cls, text: str, read: Callable[[], str]) -> Self:
        made = super().__new__(cls, text)
        made._read = read
        return made

    def current(self) -> str:
        """Raises OSError where the file that holds it cannot be read."""
        return self._read()


def _keep_live(value: object, validate: Callable[[object], object]) -> object:
    """Validates a table, whose texts become plain ones by that, and puts live ones back."""
    checked = validate(value)
    if isinstance(value, dict) and isinstance(checked, dict):
        live = {name: text for name, text in value.items() if isinstance(text, LiveText)}
        return {**checked, **live}
    return checked


KafkaTable = Annotated[dict[str, str | int | float | bool], WrapValidator(_keep_live)]
"""librdkafka properties."""


class Secret(SecretStr):
    """A secret with its present value: `current()` follows a rotated file without a restart.

    `get_secret_value()` is the value at load. Printing, logging and dumping show asterisks.
    """

    def __init__(self, value: str, read: Callable[[], str] | None = None) -> None:
        super().__init__(value)
        self._read = read

    def current(self) -> str:
        """The value now. Raises OSError where the file that holds it cannot be read."""
        return self._read() if self._read else self.get_secret_value()

    @classmethod
    def _accept(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, SecretStr):
            return cls(value.get_secret_value())
        if isinstance(value, str):
            return cls(value)
        raise PydanticCustomError("string_type", "Input should be a valid string")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(
                cls._accept, core_schema.str_schema(pattern=r"\$\{(env|file):.+\}")
            ),
            python_schema=core_schema.no_info_plain_validator_function(cls._accept),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )


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
