"""What a tenant's administrator has set up where the vendor does not say how it is, and what can be told to go wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(kw_only=True)
class Switches:
    total_mismatch: str = "exception"  # exception: the order stays a draft with a channel exception | error: refused
    answer_as_list: bool = False  # create_order gives its record inside a list of one
    keep_line_metadata: bool = True
    auto_assign: bool = True  # a new shipment is assigned at once when all of it is there
    tax_from: str = "price"  # the tax that nobody stated is of the price as it is | of the "amount", rounded
    add_cents: int = 0  # minor units that the platform computes more than it was told, for every new order
    calls_per_second: int = 10

    def update(self, values: Mapping[str, Any]) -> None:
        """Raises ValueError for an unknown name or a value of the wrong kind; then nothing is set."""
        kinds = {item.name: type(getattr(self, item.name)) for item in fields(self)}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"Unknown switch {name}; known are {', '.join(sorted(kinds))}.")
            if type(value) is not kinds[name]:
                raise ValueError(f"{name} takes {kinds[name].__name__}, not {value!r}.")
        for name, value in values.items():
            setattr(self, name, value)
