"""What a user would write in an afternoon: deserialize, post a batch with `gather`, commit.

    python plain_script.py '{"bootstrap": "...", "topic": "...", "group": "...", "registry": "...", ...}'

It runs in an environment of its own (plain_script.txt) and imports nothing of the bridge. Order per
person is lost within a batch, and whatever fails is lost as well.
"""

import asyncio
import json
import sys
import time
from typing import Any

import httpx
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

BATCH = 64


def event_of(click: dict[str, Any]) -> dict[str, Any]:
    user, product, device, site = click["user"], click["product"], click["device"], click["site"]
    return {
        "GeneralInfo": {
            "eventName": "ProductPage",
            "siteId": "8A412DC",
            "datetime": int(click["event_time"].timestamp() * 1000),
            "externalCustomerId": user["id"],
            "user_email": user["email"],
            "user_phone": "38" + "".join(c for c in user["phone"] if c.isdigit()),
            "user_name": f"{user['first_name']} {user['last_name']}",
            "cookies": {"sc": click["visitor_id"]},
        },
        "ProductPage": {
            "Product": {
                "productKey": product["sku"],
                "price": f"{product['price']} {product['currency']}",
                "isInStock": int(product["stock"] > 0),
                "tag_brand": [product["brand"]],
                "tag_category": [product["category"]],
            },
            "Tags": {
                "platform": [device["platform"].lower()],
                "language": [site["language"]],
                "event": [click["event_id"]],
            },
        },
    }


async def main(options: dict[str, Any]) -> None:
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": options["registry"]}))
    context = SerializationContext(options["topic"], MessageField.VALUE)
    consumer = Consumer(
        {
            "bootstrap.servers": options["bootstrap"],
            "group.id": options["group"],
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    print(json.dumps({"joining": time.time()}), flush=True)
    consumer.subscribe([options["topic"]])
    async with httpx.AsyncClient(trust_env=False) as client:

        async def send(message: Any) -> None:
            click = deserialize(message.value(), context)
            if not click["consent"]["marketing"] or click["kind"] != "product_view":
                return
            body = event_of(click)
            agent = {"User-Agent": click["device"]["user_agent"]}
            answer = await client.post(options["url"], json=body, headers=agent)
            answer.raise_for_status()

        while True:
            messages = await asyncio.to_thread(consumer.consume, BATCH, 0.1)
            await asyncio.gather(*(send(message) for message in messages))
            if messages:
                await asyncio.to_thread(consumer.commit)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
