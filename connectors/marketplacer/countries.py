"""English country names, as Marketplacer writes them, → ISO 3166-1 alpha-2.

An address's country is sure to have a name only; a code field is not confirmed. Marketplaces sell at home: these are the
countries of Marketplacer's operators, their neighbours and the European Union. Any other name is a fault that a person sees.
"""

_NAMES = """
    AE United Arab Emirates | AT Austria | AU Australia | BE Belgium | BG Bulgaria | BR Brazil | CA Canada | CH Switzerland
    CN China | CY Cyprus | CZ Czech Republic | CZ Czechia | DE Germany | DK Denmark | EE Estonia | ES Spain | FI Finland
    FR France | GB United Kingdom | GB Great Britain | GB England | GB Scotland | GB Wales | GB Northern Ireland | GR Greece
    HK Hong Kong | HR Croatia | HU Hungary | ID Indonesia | IE Ireland | IN India | IS Iceland | IT Italy | JP Japan
    KR South Korea | LT Lithuania | LU Luxembourg | LV Latvia | MT Malta | MX Mexico | MY Malaysia | NL Netherlands
    NL The Netherlands | NO Norway | NZ New Zealand | PH Philippines | PL Poland | PT Portugal | RO Romania | SA Saudi Arabia
    SE Sweden
    SG Singapore | SI Slovenia | SK Slovakia | TH Thailand | TW Taiwan | US United States | US United States of America
    US USA | VN Vietnam | ZA South Africa
"""
_CODES = {
    name.strip().casefold(): code
    for entry in _NAMES.replace("\n", "|").split("|")
    if entry.strip()
    for code, _, name in [entry.strip().partition(" ")]
}


def code_of(name: str) -> str:
    """ "New Zealand" → "NZ"; "" for a name we do not know."""
    return _CODES.get(name.strip().casefold(), "")
