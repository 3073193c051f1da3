"""The base of all wire models: closed objects, and the places where free properties may stand."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from consumer.yespo.kinds import TEXTS
from consumer.yespo.rules import MAX_NAME
from consumer.yespo.spec import Free

Texts = Annotated[list[str], TEXTS]

TAG_PREFIX = "tag_"
TagName = Annotated[
    str, StringConstraints(max_length=len(TAG_PREFIX) + MAX_NAME, pattern=r"^tag_.*\S")
]
FreeName = Annotated[str, StringConstraints(max_length=MAX_NAME, pattern=r"\S")]


class Shape(BaseModel):
    """A JSON object as it goes over the wire: other names than the declared ones are refused."""

    model_config = ConfigDict(extra="forbid")
    FREE: ClassVar[Free] = Free.NONE


class Tagged(Shape):
    """Takes `tag_<name>: [texts]` beside its own fields."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[TagName, Texts]
    FREE: ClassVar[Free] = Free.TAG


class TagSet(Shape):
    """`Tags: {<name>: [texts]}`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[FreeName, Texts]
    FREE: ClassVar[Free] = Free.TAGS


class Propertied(Shape):
    """Takes `<name>: [texts]` beside its own fields."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[FreeName, Texts]
    FREE: ClassVar[Free] = Free.PLAIN


class Parametered(Shape):
    """The params of a v2 event by name: its own, and any other JSON values."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[FreeName, Any]
    FREE: ClassVar[Free] = Free.PARAM
