"""Integration API tokens: permissions, expiry, store restriction, integration name; and the session of one request."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from graphql import GraphQLError

from connectors.centra.sandbox.records import Store

if TYPE_CHECKING:
    from connectors.centra.sandbox.limits import RateLimits
    from connectors.centra.sandbox.shop import Shop

DEFAULT_EXPIRY_DAYS = 30  # what the back office proposes

# The documented names this project works with; centra.dev/integration-api, authorization.
DOCUMENTED_PERMISSIONS = frozenset(
    """
    Product:read ProductVariant:read ProductSize:read Product.attributes:read ProductVariant.attributes:read
    Attribute:read Display:read Brand:read Category:read Collection:read Folder:read Pricelist:read Price:read
    Market:read Store:read Country:read Campaign:read ShippingOption:read Price:write Warehouse:read
    Warehouse.stock:read ProductSize.stock:read ProductSize.stockTotals:read StockChange:read StockChange:write
    Order:read Order.shippingAddress:read Order.billingAddress:read Order.attributes:read Order.internalComment:read
    Customer:read Customer:write PaymentHistory:read Order:write Order.isLocked:write Payment.cancel:write
    Shipment:read Shipment:write Shipment.shippingAddress:read StorePlugin:read Return:read Return:write
    Return.comment:read Event:read Event:write Attribute:write
    """.split()
)


@dataclass(kw_only=True)
class Token:
    secret: str
    permissions: frozenset[str] = DOCUMENTED_PERMISSIONS
    integration: str | None = None
    store_ids: frozenset[int] | None = None  # None: every store
    expires_at: datetime
    revoked: bool = False

    @property
    def actor(self) -> str:
        """Who holds a lock: the integration, which outlives its tokens, else the token itself."""
        return self.integration or self.secret


class Tokens:
    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def add(
        self,
        secret: str,
        *,
        now: datetime,
        integration: str | None,
        permissions: Iterable[str] | None = None,
        store_ids: Iterable[int] | None = None,
        days: float = DEFAULT_EXPIRY_DAYS,
    ) -> Token:
        token = Token(
            secret=secret,
            permissions=DOCUMENTED_PERMISSIONS if permissions is None else frozenset(permissions),
            integration=integration,
            store_ids=None if store_ids is None else frozenset(store_ids),
            expires_at=now + timedelta(days=days),
        )
        if not token.permissions:
            raise ValueError("A token has at least one permission.")
        self._tokens[secret] = token
        return token

    def get(self, secret: str) -> Token:
        return self._tokens[secret]

    def valid(self, secret: str, now: datetime) -> Token | None:
        token = self._tokens.get(secret)
        return token if token is not None and not token.revoked and now < token.expires_at else None


@dataclass(kw_only=True)
class Session:
    """One request: who asks, and which permissions it used."""

    shop: "Shop"
    token: Token
    limits: "RateLimits"
    permissions_used: dict[str, None] = field(default_factory=dict)

    def require(self, permission: str, field_name: str) -> None:
        if permission not in self.token.permissions:
            raise GraphQLError(
                f"You need {permission} permission to access {field_name}.", extensions={"category": "authorization"}
            )
        self.permissions_used[permission] = None

    def sees(self, store: Store | None) -> bool:
        return store is None or self.token.store_ids is None or store.id in self.token.store_ids
