"""The function library, put together."""

from consumer.mapping.language.functions import Library
from consumer.mapping.language.library import identity, lists, numbers, texts, times


def _library() -> Library:
    library = Library()
    for module in (texts, numbers, identity, times, lists):
        module.add_to(library)
    return library


LIBRARY = _library()
