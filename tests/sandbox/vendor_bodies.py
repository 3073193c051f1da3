"""Bodies as they stand on the vendor's pages (quotes of nested JSON escaped, as JSON needs it)."""

# yespo.io "How to transfer website behavior data through REST API", ProductPage
PRODUCT_PAGE = b"""{
  "GeneralInfo": {
    "eventName": "ProductPage",
    "siteId": "8A412DC",
    "datetime":1579622183208,
    "externalCustomerId": "1234509876",
    "user_phone": "1-541-754-3010",
    "user_email": "user@mail.com",
    "user_name": "Gregori Boczynski",
    "user_es_contact_id": "255830499",
    "cookies": {
      "sc": "CDA68358-94FB-4D83-9655-3FEB3C4114A3"
    }
  },
  "ProductPage": {
    "Product": {
      "productKey": "72354",
      "price": "754 USD",
      "isInStock": "1",
      "tag_something": [
        "abc",
        "bca"
      ]
    },
    "Tags": {
      "some_tags": [
        "some_tag1",
        "some_tag2"
      ]
    }
  }
}"""

# yespo.io "Site activity tracking using Generate events", cartUpdated
CART_UPDATED = b"""{
  "eventTypeKey": "cartUpdated",
  "keyValue": "example@email.com",
  "params": [
    {
      "name": "phone",
      "value": "73456712"
    },
    {
      "name": "email",
      "value": "example@email.com"
    },
    {
      "name": "products",
      "value": "[{\\"productId\\":\\"WS01-L-Green\\",\\"quantity\\":1,\\"price\\":45.5}]"
    },
    {
      "name": "currencyCode",
      "value": "USD"
    },
    {
      "name": "recycleStateId",
      "value": "d59c6e6d-4123-4b0e-8c32-15f0656a8c60"
    }
  ]
}"""

# The same event as an item of past_events (OpenAPI PastEvent: `keyValue` and `occurred` required).
PAST_EVENTS = (
    b'{"events":[' + CART_UPDATED[:-1] + b',"occurred":"2026-11-20T10:00"}'
    b"," + CART_UPDATED[:-1] + b',"occurred":"2026-11-20T10:05"}]}'
)
