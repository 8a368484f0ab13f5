"""What people do in Fulfil: load goods, count stock, ship, change settings. For tests, the demo and the control API."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from threading import RLock
from typing import Any

from connectors.fulfil.sandbox import invoices, sales, shipments, stock, structure, webhooks
from connectors.fulfil.sandbox.sales import lines_of, shipments_of
from connectors.fulfil.sandbox.store import Row
from connectors.fulfil.sandbox.tenant import Tenant
from connectors.sandboxdata import CatalogueItem
from connectors.sandboxkit import to_json


class BackOffice:
    tenant: Tenant
    lock: RLock
    keys: set[str]
    forbidden: set[str]
    trouble: dict[str, list[str]]

    # --- goods and stock --------------------------------------------------------------------------------------------
    def add_product(self, sku: str, *, stock: Mapping[int, int] | int = 0, **values: Any) -> int:
        """`stock`: units by warehouse, or in the first one. Values: name, variant, gtin, kind, price."""
        with self.lock:
            product = structure.add_product(self.tenant, sku, **values)
            counts = stock if isinstance(stock, Mapping) else {structure.GOTHENBURG: stock}
            for warehouse, units in counts.items():
                self.set_stock(sku, units, warehouse=warehouse)
            return product

    def load_catalogue(self, items: Iterable[CatalogueItem], *, stock: int = 100) -> int:
        made = 0
        for item in items:
            variant = f"{item.variant_name} / {item.size}"
            price = str(item.prices["SEK"])
            self.add_product(
                item.sku, stock=stock, name=item.product_name, variant=variant, gtin=item.gtin, price=price
            )
            made += 1
        return made

    def set_stock(self, sku: str, units: int, *, warehouse: int = structure.GOTHENBURG) -> None:
        """So many are on the shelf from now on."""
        with self.lock:
            product = self._product(sku)["id"]
            zone = self.tenant.row("stock.location", warehouse)["storage_location"]
            apart = units - stock.on_hand(self.tenant, product, {zone})
            if apart:
                places = (structure.LOST_FOUND, zone) if apart > 0 else (zone, structure.LOST_FOUND)
                made = stock.move(self.tenant, product, abs(apart), source=places[0], goal=places[1])
                stock.do(self.tenant, [made])

    def edit_product(self, sku: str, **values: Any) -> None:
        with self.lock:
            self.tenant.update("product.product", self._product(sku), **values)

    def _product(self, sku: str) -> Row:
        found = self.tenant.only("product.product", code=sku)
        if found is None:
            raise ValueError(f"There is no product {sku}.")
        return found

    # --- money and places ---------------------------------------------------------------------------------------------
    def add_tax(self, name: str, rate: str, *, channel: int = structure.CHANNEL) -> None:
        """A tax of the channel's settings: "0.12" is 12 percent."""
        with self.lock:
            tax = self.tenant.insert("account.tax", name=name, rate=Decimal(rate))
            self.tenant.insert("sale.channel.tax", channel=channel, name=name, rate=Decimal(rate), tax=tax["id"])

    def add_gateway(self, code: str) -> None:
        with self.lock:
            self.tenant.insert(
                "payment_gateway.gateway",
                name=code,
                code=code,
                provider="self",
                method="manual",
                test=False,
                configured=True,
            )

    def add_place(self, country: str, *, currency: str = "", digits: int = 2) -> None:
        """A country that orders may go to, and a currency of its own."""
        with self.lock:
            if self.tenant.only("country.country", code=country) is None:
                self.tenant.insert("country.country", name=country, code=country)
            if currency and self.tenant.only("currency.currency", code=currency) is None:
                self.tenant.insert("currency.currency", name=currency, code=currency, symbol=currency, digits=digits)

    # --- orders -----------------------------------------------------------------------------------------------------
    def orders_by_identifier(self, identifier: str) -> list[Row]:
        return self.tenant.select("sale.sale", channel_identifier=identifier)

    def order_view(self, sale: Row) -> dict[str, Any]:
        names = ("number", "reference", "channel_identifier", "state", "total_amount", "tax_amount", "shipment_state")
        seen = {name: self.tenant.value("sale.sale", sale, name, {}) for name in names}
        seen["lines"] = [
            {"id": line["id"], "quantity": line["quantity"], "unit_price": str(line["unit_price"])}
            for line in lines_of(self.tenant, sale)
        ]
        seen["shipments"] = [{"id": row["id"], "state": row["state"]} for row in shipments_of(self.tenant, sale)]
        return {
            "id": sale["id"],
            **{name: str(value) if isinstance(value, Decimal) else value for name, value in seen.items()},
        }

    def cancel_order(self, sale: int) -> None:
        """Somebody cancels what is not sent of an order, its shipments first."""
        with self.lock:
            open_ones = shipments_of(self.tenant, self.tenant.row("sale.sale", sale))
            shipments.cancel(self.tenant, [row["id"] for row in open_ones if row["state"] not in ("cancel", "done")])
            sales.cancel(self.tenant, sale)

    def reduce_line(self, sale: int, sku: str, units: int) -> None:
        """Somebody takes units off a line, and off the parcel that they were to leave in."""
        with self.lock:
            line = next(
                one
                for one in lines_of(self.tenant, self.tenant.row("sale.sale", sale))
                if one["product"] == self._product(sku)["id"]
            )
            left = line["quantity"] - units
            self.tenant.update("sale.line", line, quantity=left)
            for move in sales.moves_of_line(self.tenant, line):
                self.tenant.update("stock.move", move, quantity=left)

    # --- the warehouse ----------------------------------------------------------------------------------------------
    def pack_shipment(self, shipment: int) -> None:
        with self.lock:
            shipments.pack(self.tenant, shipment)

    def ship(self, shipment: int, *, tracking_number: str = "", carrier: str = "PostNord", url: str = "") -> None:
        """Pack it if it is not, set what the label said, and let it leave."""
        with self.lock:
            row = self.tenant.row(shipments.OUT, shipment)
            if row["state"] == "assigned":
                shipments.pack(self.tenant, shipment)
            if tracking_number:
                known = self.tenant.only("carrier", name=carrier) or self.tenant.insert("carrier", name=carrier)
                tracking = self.tenant.insert(
                    "shipment.tracking", tracking_number=tracking_number, carrier=known["id"], tracking_url=url or None
                )
                self.tenant.update(shipments.OUT, row, tracking_number=tracking["id"], carrier=known["id"])
            shipments.done(self.tenant, shipment)

    def ship_order(self, sale: int, **label: str) -> list[int]:
        """Every shipment of an order that can leave; their ids."""
        with self.lock:
            ready = [row["id"] for row in shipments_of(self.tenant, self.tenant.row("sale.sale", sale))]
            ready = [one for one in ready if self.tenant.row(shipments.OUT, one)["state"] in ("assigned", "packed")]
            for one in ready:
                self.ship(one, **label)
            return ready

    def split_shipment(self, shipment: int, units: Mapping[int, int]) -> int:
        """Move units (outgoing move id → how many) into a shipment of their own; its id."""
        with self.lock:
            parts = [{"id": int(move), "quantity": count} for move, count in units.items()]
            return shipments.split(self.tenant, shipment, parts)

    def merge_shipments(self, first: int, *others: int) -> int:
        with self.lock:
            return shipments.merge(self.tenant, [first, *others])

    # --- what comes back --------------------------------------------------------------------------------------------
    def return_shipments(self, identifier: str) -> list[Row]:
        """The parcels of the return order with this channel identifier; none before it is announced."""
        with self.lock:
            sales = self.orders_by_identifier(identifier)
            return [row for sale in sales for row in shipments_of(self.tenant, sale, shipments.BACK)]

    def receive_return(self, shipment: int) -> None:
        with self.lock:
            shipments.receive(self.tenant, shipment)

    def inspect_return(self, shipment: int) -> None:
        """On the shelf again; the credit note is posted."""
        with self.lock:
            shipments.return_done(self.tenant, shipment)

    def reduce_credit_notes(self, identifier: str, net: str, tax: str) -> None:
        """Somebody gives less back in the books than was sent back: `net` and `tax` are taken off each note of the return."""
        off = {"untaxed_amount": Decimal(net), "tax_amount": Decimal(tax), "total_amount": Decimal(net) + Decimal(tax)}
        with self.lock:
            for sale in self.orders_by_identifier(identifier):
                for note in invoices.invoices_of(self.tenant, sale):
                    less = {name: note[name] - amount for name, amount in off.items()}
                    self.tenant.update("account.invoice", note, **less)

    # --- settings ---------------------------------------------------------------------------------------------------
    def configure(self, **values: Any) -> None:
        self.tenant.switches.update(values)

    def set_channel(self, **values: Any) -> None:
        with self.lock:
            self.tenant.update("sale.channel", self.tenant.row("sale.channel", structure.CHANNEL), **values)

    def set_order_state(self, code: str, action: str) -> None:
        with self.lock:
            row = self.tenant.only("sale.channel.order_state", code=code)
            if row is None:
                raise ValueError(f"The channel has no order state {code}.")
            self.tenant.update("sale.channel.order_state", row, action=action)

    def remove_all(self, model: str) -> None:
        with self.lock:
            for row in list(self.tenant.tables[model].values()):
                self.tenant.remove(model, row)

    def forbid(self, *operations: str) -> None:
        """Take a model, or one method ("sale.sale/process"), from the key's user."""
        self.forbidden |= set(operations)

    def revoke_key(self) -> None:
        self.keys.clear()

    def misbehave(self, operation: str, *kinds: str) -> None:
        """For the next calls: hidden_validation, server_error, async, async_lost, async_failed."""
        self.trouble.setdefault(operation, []).extend(kinds)

    # --- webhooks ---------------------------------------------------------------------------------------------------
    def configure_webhooks(self, url: str) -> None:
        self.tenant.webhooks.url, self.tenant.webhooks.archived = url, False

    def deliver_webhooks(self) -> int:
        return self.tenant.webhooks.deliver()

    def signed_webhook(self, *skus: str) -> tuple[bytes, dict[str, str]]:
        """The body and headers that tell of these products' stock."""
        with self.lock:
            body = to_json([stock.event_of(self.tenant, self._product(sku)["id"]) for sku in skus])
            return body, self.tenant.webhooks.headers(body)

    @property
    def webhook_event(self) -> str:
        return webhooks.EVENT
