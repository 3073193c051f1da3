"""Names the types of values for the reference page, with what JSON Schema accepts for each."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Kind:
    """Stands in `Annotated`. `accepts` replaces the JSON Schema where the file allows more than the
    setting holds: a duration may be text as well as a number."""

    name: str
    accepts: dict[str, Any] = field(default_factory=dict)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(self.accepts) or handler(schema)

    def __hash__(self) -> int:
        return hash(self.name)
