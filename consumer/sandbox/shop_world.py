"""The made-up shop that the sandbox's visitors walk through: fronts, people, devices, products.

Everything here is invented. Names, alphabets and price formats are varied on purpose, since that is
where forwarders break: Cyrillic, umlauts, apostrophes in names and addresses, emoji in titles.
"""

from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Front:
    """One shop front: a country with its currency, language and price level."""

    country: str
    language: str
    host: str
    currency: str
    rate: float
    """Price of one unit of the catalogue's base price in this currency."""
    site: dict[str, Any]
    weight: int


@dataclass(frozen=True, slots=True)
class Item:
    """A product of the catalogue, independent of front and language."""

    sku: str
    name: str
    brand: str
    category: int
    base_price: float
    discount: float | None
    properties: dict[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with an account. `user` is the record's `user`, as the shop would write it."""

    number: int
    user: dict[str, Any]
    front: Front
    cookie: str
    consent: bool | None


def _front(
    country: str, language: str, host: str, currency: str, rate: float, weight: int
) -> Front:
    site = {"country": country, "language": language, "host": host}
    return Front(country, language, host, currency, rate, site, weight)


FRONTS = (
    _front("UA", "uk", "shop.example.ua", "UAH", 40.0, 6),
    _front("DE", "de", "shop.example.de", "EUR", 0.95, 2),
    _front("SK", "sk", "shop.example.sk", "EUR", 0.90, 1),
    _front("US", "en", "shop.example.com", "USD", 1.0, 1),
)

# (id, name, path): the path is what the feed calls the category.
CATEGORIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("100", "Кухлі", ("Дім", "Посуд", "Кухлі")),
    ("101", "Кавоварки", ("Дім", "Техніка", "Кавоварки")),
    ("102", "Rucksäcke", ("Reise", "Rucksäcke")),
    ("103", "Sneakers", ("Взуття", "Sneakers")),
    ("104", "Detské hračky", ("Deti", "Hračky")),
    ("105", "Books & Games", ("Leisure", "Books & Games")),
)

BRANDS = ("Chornobryvets", "Nordlicht", "Tatra", "O'Malley & Sons", "Сова", "Blue Ridge")

_NAMES: tuple[tuple[str, ...], ...] = (
    ("Кухоль «Ранок»", "Горнятко ☕ керамічне", "Чашка з їжаком"),
    ("Кавоварка гейзерна", "Турка мідна", "Млинок для кави"),
    ("Rucksack für Bergtouren", "Tagesrucksack „Elbe“", "Gepäckgurt"),
    ("Runner Ґ-1", "Кеди полотняні", "Court shoe 42½"),
    ("Drevený vláčik", "Kocky 1 000 ks", "Žirafa plyšová"),
    ("Card game “Ships & Stars”", "Cookbook, 2nd ed.", "Puzzle 500 pc"),
)

SEARCHES = (
    "кухоль",
    "rucksack 30 l",
    "кавоварка ☕",
    "drevená hračka",
    "sneakers 42½",
    "O'Malley",
    "подарунок <до 500 грн>",
    'puzzle "500"',
    "Größe 46",
)

CUSTOM_EVENTS = ("store_locator_opened", "size_chart_opened", "coupon_applied")

# (platform, browser, user agent, app version)
DEVICES: tuple[dict[str, Any], ...] = (
    {
        "platform": "Web",
        "browser": "Firefox",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "app_version": None,
    },
    {
        "platform": "Web",
        "browser": "Chrome",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "app_version": None,
    },
    {
        "platform": "iOS",
        "browser": None,
        "user_agent": "ShopApp/7.4.1 (iPhone; iOS 19.1)",
        "app_version": "7.4.1",
    },
    {"platform": "Android", "browser": None, "user_agent": None, "app_version": "7.3.0"},
)

_GIVEN = ("Олена", "Ганна", "Дмитро", "Jürgen", "Zoë", "Ľudmila", "Sean", "Іван")
_FAMILY = ("Шевченко", "Мар'яненко", "Müller-Lüdenscheidt", "Kováč", "O'Brien", "Їжакевич", "Lee")

# Spellings of phone numbers, by country; `#` is a digit of their own.
_PHONES = {
    "UA": ("+380 50 ### ## ##", "067-###-##-##", "(093) ### ## ##"),
    "DE": ("+49 1512 #######", "01512 #######"),
    "SK": ("+421 902 ### ###", "0902 ### ###"),
    "US": ("+1 212-555-01##", "(212) 555-01##"),
}


def guid(rng: Random) -> str:
    """A random id in the form of a UUID, from the seeded generator."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def catalogue(rng: Random) -> tuple[Item, ...]:
    """The shop's products: every name in four variants."""
    colors = ("red", "синій", "grün", "čierna")
    return tuple(
        Item(
            sku=f"{CATEGORIES[category][0]}-{number}{variant}",
            name=f"{name} ({colors[variant]})",
            brand=rng.choice(BRANDS),
            category=category,
            base_price=rng.randrange(500, 20_000) / 100,
            discount=rng.choice((None, None, 0.1, 0.25)),
            properties={"color": colors[variant], "weight_g": str(rng.randrange(100, 3000))},
        )
        for category, names in enumerate(_NAMES)
        for number, name in enumerate(names)
        for variant in range(len(colors))
    )


def people(rng: Random, count: int) -> list[Person]:
    """Customers with an account; some lack an e-mail address, a phone number or a name."""
    return [_person(rng, number) for number in range(1, count + 1)]


def _person(rng: Random, number: int) -> Person:
    front = rng.choices(FRONTS, [front.weight for front in FRONTS])[0]
    pattern = rng.choice(_PHONES[front.country])
    phone = "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in pattern)
    # One in twenty has an apostrophe in the address: legal e-mail, outside the vendor's rules.
    local = f"o'brien{number}" if number % 20 == 0 else f"customer.{number}"
    user = {
        "id": f"C-{number:06d}",
        "email": f"{local}@{front.host}" if number % 7 else None,
        "phone": phone if number % 5 else None,
        "first_name": rng.choice(_GIVEN) if number % 11 else None,
        "last_name": rng.choice(_FAMILY) if number % 6 else None,
        "contact_id": 1_000_000 + number if number % 9 == 0 else None,
        "push_token": f"push-{rng.getrandbits(64):016x}" if number % 13 == 0 else None,
    }
    consent = True if number % 12 else rng.choice((False, None))
    return Person(number, user, front, guid(rng), consent)
