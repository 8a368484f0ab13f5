"""Where retailers' orders go: countries by name, and the city in the wrong field. Pure.

Source: captured orders of one Australian retailer and its own helper script; the vendor's examples.
"""

from connectors.canonical.countries import alpha_2
from connectors.canonical.orders import Address
from connectors.virtualstock.reading import Node

# The countries of the platform's five currencies and their neighbours, as retailers write them.
_COUNTRIES = {
    "united kingdom": "GB", "great britain": "GB", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "ireland": "IE", "republic of ireland": "IE", "eire": "IE", "jersey": "JE",
    "guernsey": "GG", "isle of man": "IM", "australia": "AU", "new zealand": "NZ", "united states": "US",
    "united states of america": "US", "france": "FR", "germany": "DE", "netherlands": "NL", "the netherlands": "NL",
    "belgium": "BE", "luxembourg": "LU", "spain": "ES", "portugal": "PT", "italy": "IT", "austria": "AT",
    "switzerland": "CH", "sweden": "SE", "denmark": "DK", "finland": "FI", "norway": "NO", "poland": "PL",
}  # fmt: skip
_AUSTRALIAN_STATES = {
    "act": "ACT", "australian capital territory": "ACT", "nsw": "NSW", "new south wales": "NSW",
    "nt": "NT", "northern territory": "NT", "qld": "QLD", "queensland": "QLD", "sa": "SA", "south australia": "SA",
    "tas": "TAS", "tasmania": "TAS", "vic": "VIC", "victoria": "VIC", "wa": "WA", "western australia": "WA",
}  # fmt: skip


def parse_address(node: Node) -> Address:
    """Faults are noted on the node. Every part may be null."""
    country = _country(node)
    street, city, region = _places(node, country)
    if not street:
        node.fault("line_1", "The address has no street.")
    if not city:
        node.fault("city", "The address has no city.")
    first, _, last = node.text("full_name", required=True).rpartition(" ")
    return Address(
        first_name=first.strip(),
        last_name=last,
        street=street,
        postal_code=node.text("postal_code"),
        city=city,
        region=region,
        country=country,
        phone=node.text("phone"),
        email=node.text("email"),
    )


def _places(node: Node, country: str) -> tuple[tuple[str, ...], str, str]:
    """Street, city, region. Some orders have the city in line_2, the state in `city`, and no state."""
    lines, city, region = (node.text("line_1"), node.text("line_2")), node.text("city"), node.text("state")
    if country == "AU" and not region and lines[1] and city.lower() in _AUSTRALIAN_STATES:
        return (lines[0],) if lines[0] else (), lines[1], _AUSTRALIAN_STATES[city.lower()]
    return tuple(line for line in lines if line), city, region


def _country(node: Node) -> str:
    """A code of two or three letters, or a name."""
    said = node.text("country", required=True)
    named = _COUNTRIES.get(said.lower())
    if named is not None:
        return named
    if len(said) == 2 and said.isascii() and said.isalpha():
        return said.upper()
    country = alpha_2(said)
    if said and country is None:
        node.fault("country", f"{said!r} is no country that the hub knows.")
    return country or ""
