"""Values that are never shown, and are read again when their file changes."""

import re
from collections.abc import Callable
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
