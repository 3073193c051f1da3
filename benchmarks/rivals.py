"""Configurations of the tools that users compare the bridge with, for the work of `contenders`."""

from benchmarks.topics import SCHEMA_TEXT


def redpanda_connect(bootstrap: str, topic: str, group: str, registry: str, url: str) -> str:
    """Default settings: one request per partition at a time, which is what keeps order."""
    return f"""
http: {{enabled: false}}
logger: {{level: WARN}}
input:
  kafka_franz:
    seed_brokers: ["{bootstrap}"]
    topics: ["{topic}"]
    consumer_group: "{group}"
    start_from_oldest: true
pipeline:
  threads: 1
  processors:
    - schema_registry_decode: {{url: "{registry}", avro_raw_json: true}}
    - mapping: |
        root = if !this.consent.marketing.or(false) || this.kind != "product_view" {{ deleted() }}
        root.GeneralInfo.eventName = "ProductPage"
        root.GeneralInfo.siteId = "8A412DC"
        root.GeneralInfo.datetime = this.event_time
        root.GeneralInfo.externalCustomerId = this.user.id
        root.GeneralInfo.user_email = this.user.email
        root.GeneralInfo.user_phone = "38" + this.user.phone.re_replace_all("[^0-9]", "")
        root.GeneralInfo.user_name = this.user.first_name + " " + this.user.last_name
        root.GeneralInfo.cookies.sc = this.visitor_id
        root.ProductPage.Product.productKey = this.product.sku
        root.ProductPage.Product.price = this.product.price.string() + " " + this.product.currency
        root.ProductPage.Product.isInStock = if this.product.stock > 0 {{ 1 }} else {{ 0 }}
        root.ProductPage.Product.tag_brand = [this.product.brand]
        root.ProductPage.Product.tag_category = [this.product.category]
        root.ProductPage.Tags.platform = [this.device.platform.lowercase()]
        root.ProductPage.Tags.language = [this.site.language]
        root.ProductPage.Tags.event = [this.event_id]
        meta agent = this.device.user_agent
output:
  http_client:
    url: "{url}"
    verb: POST
    max_in_flight: 64
    headers: {{Content-Type: "application/json; charset=UTF-8", User-Agent: '${{! @agent }}'}}
"""


def vector(bootstrap: str, topic: str, group: str, registry: str, url: str) -> str:
    """Vector asks no registry: the schema stands in the file, and the 5 bytes before each record go."""
    del registry
    schema = "".join(SCHEMA_TEXT.splitlines()).replace("'", "''")
    return f"""
sources:
  clicks:
    type: kafka
    bootstrap_servers: "{bootstrap}"
    topics: ["{topic}"]
    group_id: "{group}"
    auto_offset_reset: earliest
    decoding: {{codec: avro, avro: {{strip_schema_id_prefix: true, schema: '{schema}'}}}}
transforms:
  events:
    type: remap
    inputs: [clicks]
    drop_on_abort: true
    drop_on_error: true
    source: |
      if .consent.marketing != true || .kind != "product_view" {{ abort }}
      c = .
      . = {{
        "GeneralInfo": {{
          "eventName": "ProductPage", "siteId": "8A412DC", "datetime": c.event_time,
          "externalCustomerId": c.user.id, "user_email": c.user.email,
          "user_phone": "38" + replace(string!(c.user.phone), r'[^0-9]', ""),
          "user_name": string!(c.user.first_name) + " " + string!(c.user.last_name),
          "cookies": {{"sc": c.visitor_id}}
        }},
        "ProductPage": {{
          "Product": {{
            "productKey": c.product.sku,
            "price": to_string!(c.product.price) + " " + string!(c.product.currency),
            "isInStock": if int!(c.product.stock) > 0 {{ 1 }} else {{ 0 }},
            "tag_brand": [c.product.brand], "tag_category": [c.product.category]
          }},
          "Tags": {{
            "platform": [downcase(string!(c.device.platform))], "language": [c.site.language],
            "event": [c.event_id]
          }}
        }}
      }}
sinks:
  yespo:
    type: http
    inputs: [events]
    uri: "{url}"
    method: post
    encoding: {{codec: json}}
    framing: {{method: bytes}}
    batch: {{max_events: 1}}
    request: {{concurrency: 64, headers: {{Content-Type: "application/json; charset=UTF-8"}}}}
    acknowledgements: {{enabled: true}}
"""
