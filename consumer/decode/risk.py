"""Schemas of which a short record could do harm."""

from consumer.decode.nodes import Array, Fixed, MapType, Node, Primitive, RecordType, Union


def is_risky(writer: Node) -> bool:
    """Whether a short record can nest without bound, or hold items that take no bytes."""
    finished: set[str] = set()

    def risky(  # noqa: PLR0911 - one return per kind of type
        node: Node, inside: tuple[str, ...]
    ) -> bool:
        match node:
            case Union(branches):
                return any(risky(branch, inside) for branch in branches)
            case Array(items):
                return not _takes_bytes(items) or risky(items, inside)
            case MapType(values):
                return risky(values, inside)
            case RecordType(name, _, fields):
                if name in inside:
                    return True
                if name in finished:
                    return False
                found = any(risky(one.node, (*inside, name)) for one in fields)
                finished.add(name)
                return found
            case _:
                return False

    return risky(writer, ())


def _takes_bytes(node: Node) -> bool:
    """Whether each value of this type has at least one byte."""
    match node:
        case Primitive(kind):
            return kind != "null"
        case Fixed(_, size):
            return size > 0
        case RecordType(_, _, fields):
            return any(_takes_bytes(one.node) for one in fields)
        case _:
            return True
