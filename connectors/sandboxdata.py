"""The goods and the people of every sandbox: one invented fashion brand, and customers who never lived.

Pure and repeatable: the same seed gives the same catalogue on every platform, so that an order on a marketplace names
SKUs that the brand's own shop sells. Nobody here is a real person, and telephone numbers come from the ranges set aside
for examples where a country has one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from types import MappingProxyType

PRODUCTS_PER_CATEGORY = 4
COLOURS_PER_PRODUCT = 2
# GS1 keeps the prefix 952 for demonstrations and examples: a valid EAN-13 that no product carries.
GTIN_PREFIX = "952"


@dataclass(frozen=True, kw_only=True)
class CatalogueItem:
    """One sellable unit: a product in one colour and one size."""

    product_name: str  # "Alma wool coat"
    variant_name: str  # the colour: "Deep navy"
    size: str  # "M", "38", "One size"
    product_number: str  # "NV1001"
    variant_number: str  # "-410"
    size_number: str  # "-M"
    sku: str  # the three parts put together, as Centra does: "NV1001-410-M"
    gtin: str  # EAN-13 with a valid check digit
    prices: Mapping[str, Decimal] = field(hash=False)  # ISO 4217 -> retail price, tax included
    category: str  # "Coats"

    @property
    def title(self) -> str:
        """The name a storefront shows: "Alma wool coat, deep navy, M"."""
        return f"{self.product_name}, {self.variant_name.lower()}, {self.size}"


@dataclass(frozen=True, kw_only=True)
class _Category:
    name: str
    kinds: tuple[str, ...]  # what follows the style's name
    sizes: tuple[str, ...]
    euros: tuple[int, int]  # retail price range


_LETTERS = ("XS", "S", "M", "L", "XL")
_WAISTS = ("34", "36", "38", "40", "42")
_CATEGORIES = (
    _Category(
        name="Coats",
        kinds=("wool coat", "trench coat", "quilted coat", "duffle coat"),
        sizes=_LETTERS,
        euros=(219, 399),
    ),
    _Category(
        name="Knitwear",
        kinds=("rib jumper", "merino cardigan", "cable jumper", "roll neck"),
        sizes=_LETTERS,
        euros=(79, 149),
    ),
    _Category(
        name="Shirts",
        kinds=("poplin shirt", "linen shirt", "oxford shirt", "denim shirt"),
        sizes=_LETTERS,
        euros=(59, 99),
    ),
    _Category(
        name="T-shirts",
        kinds=("cotton tee", "long sleeve tee", "striped tee", "boxy tee"),
        sizes=_LETTERS,
        euros=(25, 45),
    ),
    _Category(
        name="Trousers",
        kinds=("wide trousers", "pleated trousers", "chinos", "jersey trousers"),
        sizes=_WAISTS,
        euros=(79, 139),
    ),
    _Category(
        name="Jeans",
        kinds=("straight jeans", "tapered jeans", "flared jeans", "loose jeans"),
        sizes=_WAISTS,
        euros=(89, 129),
    ),
    _Category(
        name="Dresses", kinds=("wrap dress", "midi dress", "shirt dress", "slip dress"), sizes=_WAISTS, euros=(89, 179)
    ),
    _Category(
        name="Shoes",
        kinds=("leather boots", "loafers", "trainers", "ankle boots"),
        sizes=("37", "38", "39", "40", "41"),
        euros=(119, 229),
    ),
    _Category(
        name="Accessories",
        kinds=("wool scarf", "leather belt", "tote bag", "beanie"),
        sizes=("One size",),
        euros=(29, 119),
    ),
)
_STYLES = (
    "Alma", "Birk", "Clara", "Dag", "Ebba", "Folke", "Greta", "Hilda", "Isak", "Juni", "Kaj", "Linnea", "Malva", "Nils",
    "Otto", "Petra", "Runa", "Saga", "Tove", "Ulla", "Viggo", "Wilma", "Ylva", "Agnes", "Bruno", "Cleo", "Disa", "Emil",
    "Freja", "Gustav", "Hedda", "Ines", "Joel", "Karin", "Leo", "Maja",
)  # fmt: skip
_COLOURS = (
    ("Black", "900"), ("Ivory", "110"), ("Deep navy", "410"), ("Camel", "230"), ("Forest green", "560"),
    ("Charcoal", "880"), ("Rust", "330"), ("Sky blue", "430"), ("Burgundy", "390"), ("Oat melange", "120"),
)  # fmt: skip


def catalogue(seed: int) -> tuple[CatalogueItem, ...]:
    """Every sellable unit of the brand (over 300), always the same for one seed; SKUs and GTINs are unique."""
    rng = Random(seed)  # noqa: S311 - sample goods, not a secret
    styles = rng.sample(_STYLES, k=len(_STYLES))
    items: list[CatalogueItem] = []
    products = ((category, kind) for category in _CATEGORIES for kind in category.kinds[:PRODUCTS_PER_CATEGORY])
    for index, (category, kind) in enumerate(products):
        prices = _prices(rng.randint(*category.euros) // 10 * 10 + 9)
        for colour, number in rng.sample(_COLOURS, k=COLOURS_PER_PRODUCT):
            for size in category.sizes:
                items.append(
                    _item(
                        name=f"{styles[index]} {kind}",
                        colour=colour,
                        size=size,
                        numbers=(f"NV{1001 + index}", f"-{number}", "-OS" if size == "One size" else f"-{size}"),
                        gtin=gtin(seed % 1000 * 1_000_000 + len(items) + 1),
                        prices=prices,
                        category=category.name,
                    )
                )
    return tuple(items)


def _item(
    *,
    name: str,
    colour: str,
    size: str,
    numbers: tuple[str, str, str],
    gtin: str,
    prices: Mapping[str, Decimal],
    category: str,
) -> CatalogueItem:
    return CatalogueItem(
        product_name=name,
        variant_name=colour,
        size=size,
        product_number=numbers[0],
        variant_number=numbers[1],
        size_number=numbers[2],
        sku="".join(numbers),
        gtin=gtin,
        prices=prices,
        category=category,
    )


def _prices(euros: int) -> Mapping[str, Decimal]:
    """Retail prices as shops write them: 129.95 EUR, 115.00 GBP, 1499 SEK, 139.00 USD."""
    kronor = euros * 11 // 100 * 100 + 99
    return MappingProxyType(
        {
            "EUR": Decimal(euros) + Decimal("0.95"),
            "GBP": Decimal(round(euros * 0.88 / 5) * 5).quantize(Decimal("0.01")),
            "SEK": Decimal(kronor).quantize(Decimal("0.01")),
            "USD": Decimal(round(euros * 1.08)).quantize(Decimal("0.01")),
        }
    )


def gtin(number: int) -> str:
    """The EAN-13 of our example prefix with this item number (0..999,999,999)."""
    digits = f"{GTIN_PREFIX}{number % 1_000_000_000:09d}"
    weighted = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


# --- people ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Person:
    """A customer with one address."""

    civility: str  # "Mr", "Mrs"
    first_name: str
    last_name: str
    street_1: str
    street_2: str  # "" for most
    zip_code: str
    city: str
    state: str  # "" outside the USA
    country: str  # the country's own name: "Sverige"
    country_code: str  # ISO 3166-1 alpha-3
    country_code_2: str  # ISO 3166-1 alpha-2
    phone: str  # international form
    locale: str  # "sv_SE"
    email: str  # at a domain that can never receive mail


@dataclass(frozen=True, kw_only=True)
class Country:
    """How a country writes names and addresses. In patterns `#` is a digit, `@` a letter of British postcodes."""

    code: str  # ISO 3166-1 alpha-3
    code_2: str
    name: str
    currency: str
    vat_rate: Decimal  # standard rate in percent; 0 where prices are without tax
    locale: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]
    streets: tuple[str, ...]  # with {n} where the house number goes
    towns: tuple[tuple[str, str, str], ...]  # city, postcode pattern, state
    phone: str
    second_lines: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("|"))


def _towns(text: str) -> tuple[tuple[str, str, str], ...]:
    """`city : postcode pattern[ : state]`, divided by `|`."""
    rows = [[part.strip() for part in line.split(":")] for line in text.split("|")]
    return tuple((row[0], row[1], row[2] if len(row) > 2 else "") for row in rows)


_LIST = (
    Country(
        code="GBR", code_2="GB", name="United Kingdom", currency="GBP", vat_rate=Decimal(20), locale="en_GB",
        women=_words("Olivia Amelia Isla Poppy Florence Harriet Imogen Bethan Niamh Priya"),
        men=_words("George Arthur Callum Rhys Theo Hamish Jude Owen Kieran Imran"),
        surnames=_words("Ashworth Pemberton Hargreaves Llewellyn Whitcombe Fairclough Okafor Sinclair O'Dowd"),
        streets=_lines("{n} Mill Lane | {n} Victoria Road | {n} Chapel Street | {n} St. Mary's Close"),
        towns=_towns("Leeds : LS# #@@ | Bristol : BS# #@@ | York : YO## #@@ | Cardiff : CF## #@@ | Glasgow : G## #@@"),
        phone="+447700900###", second_lines=_lines("Flat 4 | First floor | Rose Cottage"),
    ),
    Country(
        code="SWE", code_2="SE", name="Sverige", currency="SEK", vat_rate=Decimal(25), locale="sv_SE",
        women=_words("Alva Ebba Astrid Märta Signe Elin Åsa Linnéa Karin Tuva"),
        men=_words("Olle Axel Sixten Måns Gösta Jörgen Emil Viktor Björn Ludvig"),
        surnames=_words("Nordlund Bergqvist Sjöholm Ekdahl Åkerström Lindvall Hägglöf Wretman Sandelin Öberg"),
        streets=_lines("Kvarngatan {n} | Björkvägen {n} | Östra Hamngatan {n} | Skolgatan {n} | Ängsstigen {n}"),
        towns=_towns("Stockholm : 11# ## | Göteborg : 41# ## | Malmö : 21# ## | Umeå : 90# ## | Örebro : 70# ##"),
        phone="+46701740###", second_lines=_lines("lgh 1102 | c/o Bergqvist | lgh 1304"),
    ),
    Country(
        code="DEU", code_2="DE", name="Deutschland", currency="EUR", vat_rate=Decimal(19), locale="de_DE",
        women=_words("Hannah Lina Greta Frieda Ronja Käthe Merle Jasmin Svenja Jördis"),
        men=_words("Jonas Moritz Anton Jürgen Emre Lasse Henning Tilo Benedikt Götz"),
        surnames=_words("Brückner Hofstätter Weißhaupt Lindemann Kästner Vogelsang Grünwald Yıldırım Pfeiffer"),
        streets=_lines("Lindenstraße {n} | Am Mühlbach {n} | Goethestraße {n} | Kirchgasse {n} | Schöne Aussicht {n}"),
        towns=_towns("Berlin : 10### | Hamburg : 22### | Köln : 50### | München : 80### | Leipzig : 04###"),
        phone="+491713920###", second_lines=_lines("Hinterhaus | 3. OG links | bei Lindemann"),
    ),
    Country(
        code="FRA", code_2="FR", name="France", currency="EUR", vat_rate=Decimal(20), locale="fr_FR",
        women=_words("Chloé Inès Margaux Élodie Camille Anaïs Noémie Léonie Yasmine Maëlys"),
        men=_words("Lucas Théo Rémi Gaël Étienne Bastien Loïc Karim Aurélien Noé"),
        surnames=_words("Delacour Fontenelle Gauthier-Roux Lemaréchal Bellanger d'Aubigny Marchais Benhaddou"),
        streets=_lines("{n} rue des Lilas | {n} bis rue Victor-Hugo | {n} avenue de l'Église | {n} impasse du Moulin"),
        towns=_towns("Paris : 750## | Lyon : 6900# | Nantes : 44### | Bordeaux : 33### | Saint-Étienne : 42###"),
        phone="+3363998####", second_lines=_lines("Bâtiment B, 2e étage | Appartement 12 | Résidence Les Tilleuls"),
    ),
    Country(
        code="NLD", code_2="NL", name="Nederland", currency="EUR", vat_rate=Decimal(21), locale="nl_NL",
        women=_words("Sanne Fleur Lotte Maud Jasmijn Noor"), men=_words("Daan Bram Sem Joris Ruben Thijs"),
        surnames=_words("van_den_Berg de_Wilde Hoekstra Kuipers ter_Horst van_'t_Veld"),
        streets=_lines("Molenweg {n} | Kerkstraat {n} | Tulpenlaan {n}"),
        towns=_towns("Utrecht : 35## @@ | Rotterdam : 30## @@ | Groningen : 97## @@"),
        phone="+3161234####", second_lines=_lines("2 hoog | bus 3"),
    ),
    Country(
        code="DNK", code_2="DK", name="Danmark", currency="DKK", vat_rate=Decimal(25), locale="da_DK",
        women=_words("Freja Ida Sofie Mathilde Kirsten Åse"), men=_words("Mads Søren Rasmus Kasper Jeppe Anders"),
        surnames=_words("Kjærgaard Østergaard Holmstrup Brandt Lykkegaard Skovby"),
        streets=_lines("Strandvejen {n} | Nørregade {n} | Bøgevej {n}"),
        towns=_towns("København : 21## | Aarhus : 80## | Odense : 50##"),
        phone="+4530####12", second_lines=_lines("2. th. | st. tv."),
    ),
    Country(
        code="FIN", code_2="FI", name="Suomi", currency="EUR", vat_rate=Decimal("25.5"), locale="fi_FI",
        women=_words("Aino Helmi Venla Siiri Päivi Tuuli"), men=_words("Eino Väinö Onni Juhani Mikael Tapio"),
        surnames=_words("Koskela Mäkiranta Häyrinen Lehtovaara Saarelma Ylönen"),
        streets=_lines("Koivukatu {n} | Satamatie {n} | Mäkitie {n}"),
        towns=_towns("Helsinki : 00### | Tampere : 33### | Jyväskylä : 40###"),
        phone="+35845709####", second_lines=_lines("as. 14 | B 7"),
    ),
    Country(
        code="ESP", code_2="ES", name="España", currency="EUR", vat_rate=Decimal(21), locale="es_ES",
        women=_words("Lucía Martina Begoña Noelia Inés Ainhoa"), men=_words("Hugo Álvaro Iñaki Rubén Joaquín Adrián"),
        surnames=_words("Cifuentes_Arroyo Ibáñez_Mora Quintanilla Peñalver_Gil Etxeberria Rebolledo"),
        streets=_lines("Calle del Olmo {n} | Avenida de la Constitución {n} | Plaza Mayor {n}"),
        towns=_towns("Madrid : 28### | Valencia : 46### | A Coruña : 15###"),
        phone="+3460000####", second_lines=_lines("2º B | Esc. izq., 4º"),
    ),
    Country(
        code="ITA", code_2="IT", name="Italia", currency="EUR", vat_rate=Decimal(22), locale="it_IT",
        women=_words("Giulia Chiara Noemi Beatrice Ludovica Azzurra"),
        men=_words("Matteo Niccolò Tommaso Elia Dario Raffaele"),
        surnames=_words("Bellandi De_Santis Ferraguti Lo_Presti Marchesini D'Onofrio"),
        streets=_lines("Via dei Mille {n} | Viale Garibaldi {n} | Corso Libertà {n}"),
        towns=_towns("Milano : 201## | Bologna : 401## | Forlì : 4712#"),
        phone="+39320000####", second_lines=_lines("Scala B | Interno 6"),
    ),
    Country(
        code="USA", code_2="US", name="United States", currency="USD", vat_rate=Decimal(0), locale="en_US",
        women=_words("Harper Avery Madeline Josephine Imani Lupe"),
        men=_words("Wyatt Jackson Elias Malik Cooper Tomás"),
        surnames=_words("Calloway Whitaker Delgado Haverford Nakamura Stoddard"),
        streets=_lines("{n} Maple Street | {n} Old Mill Road | {n} W Lakeview Avenue"),
        towns=_towns("Portland : 972## : OR | Austin : 787## : TX | Burlington : 054## : VT"),
        phone="+150355501##", second_lines=_lines("Apt 5B | Unit 12"),
    ),
)  # fmt: skip
COUNTRIES: Mapping[str, Country] = MappingProxyType({country.code: country for country in _LIST})

_BRITISH_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def person(rng: Random, country: str) -> Person:
    """A customer in `country` (ISO 3166-1 alpha-3, one of COUNTRIES)."""
    place = COUNTRIES[country]
    woman = rng.random() < 0.6
    first, last = rng.choice(place.women if woman else place.men), rng.choice(place.surnames)
    city, postcode, state = rng.choice(place.towns)
    return Person(
        civility="Mrs" if woman else "Mr",
        first_name=first,
        last_name=last,
        street_1=rng.choice(place.streets).format(n=rng.randint(1, 148)),
        street_2=rng.choice(place.second_lines) if rng.random() < 0.2 else "",
        zip_code=_filled(rng, postcode),
        city=city,
        state=state,
        country=place.name,
        country_code=place.code,
        country_code_2=place.code_2,
        phone=_filled(rng, place.phone),
        locale=place.locale,
        email=f"{_filled(rng, 'customer.#######')}@example.com",
    )


def _filled(rng: Random, pattern: str) -> str:
    return "".join(_drawn(rng, pattern))


def _drawn(rng: Random, pattern: str) -> Iterator[str]:
    for sign in pattern:
        if sign == "#":
            yield rng.choice("123456789")
        elif sign == "@":
            yield rng.choice(_BRITISH_LETTERS)
        else:
            yield sign
