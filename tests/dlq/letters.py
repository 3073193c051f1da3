"""Dead letters as the bridge writes them."""

from consumer.model import Partition, Record

CART = "main/v2/cartUpdated/cart/0"
VIEW = "main/legacy/ProductPage/view/0"
DEAD = Partition("clicks.dlq", 1, 1)


def a_letter(
    place: int = 7,
    *,
    events: str = f'["{CART}"]',
    offset: str = "42",
    replays: str | None = None,
    timestamp: int = 1_763_700_000_123,
    endpoints: str = "",
) -> Record:
    headers: list[tuple[str, bytes | None]] = [
        ("trace", b"1"),
        ("trace", None),
        ("yespo.dlq.stage", b"delivery"),
        ("yespo.dlq.reason", b"rejected"),
        ("yespo.dlq.topic", b"shop.clicks"),
        ("yespo.dlq.partition", b"5"),
        ("yespo.dlq.offset", offset.encode()),
        ("yespo.dlq.timestamp", str(timestamp).encode()),
        ("yespo.dlq.timestamp_type", b"append"),
        ("yespo.dlq.mapping", b"abcd"),
        ("yespo.dlq.events", events.encode()),
    ]
    if endpoints:
        headers.append(("yespo.dlq.endpoints", endpoints.encode()))
    if replays is not None:
        headers.append(("yespo.dlq.replays", replays.encode()))
    return Record(DEAD, place, b"visitor-1", b"\x00avro", headers, 1_763_800_000_000)
