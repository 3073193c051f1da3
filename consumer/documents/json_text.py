"""JSON out of files: whatever is no document that a record could be is one clear reason."""

import json
from typing import Any


class JsonTextError(ValueError):
    """The text says what is wrong, to stand after the name of the file; it shows no value."""


def read_json(data: bytes) -> Any:
    """The document. Raises JsonTextError for what is no JSON, has no end, or is no Unicode."""
    try:
        document = json.loads(data)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise JsonTextError("is nested too deeply") from None
    except UnicodeEncodeError:
        message = r"holds half of a surrogate pair (such as \ud800), which no Avro text can"
        raise JsonTextError(message) from None
    except ValueError:
        raise JsonTextError("is not JSON") from None
    return document
