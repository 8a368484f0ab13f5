"""How a link wants its orders decided and created; every code already resolved by mappings."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class OrderOptions:
    """How a link wants its orders created at the target; every code already resolved by mappings."""

    market: str = ""
    price_list: str = ""
    shipping_option: str = ""
    payment_method: str = ""
    email: str  # the customer's relay address, else the link's configured one
    paid: bool  # record the marketplace's payment as captured at the target, not only as authorised
    hold_reason: str = ""  # create on hold with this reason; "" = not held
    send_email: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)  # written on the target's order
    forced_number: int | None = None  # from an agreed number range: the target refuses a second one


@dataclass(frozen=True, kw_only=True)
class LineDecision:
    line_id: str
    accepted: bool
