"""The marketplace's catalogue over the network: what it wants to know of products, and the imports that tell it."""

from collections.abc import Sequence

from connectors import ports
from connectors.base import Account, Capability
from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue, ListingUpdate
from connectors.mirakl import products
from connectors.mirakl.client import MiraklClient
from connectors.mirakl.offers import parse_ticket
from connectors.mirakl.products import Columns, Report

LISTING_LINES = 5_000  # in one file of products, with all that is told of each; Mirakl states no maximum


class Catalogue:
    def __init__(self, client: MiraklClient, account: Account) -> None:
        self.client = client
        self.account = account
        self._columns: Columns | None = None

    # --- what it wants to know ------------------------------------------------------------------------------------
    def categories(self) -> tuple[ChannelCategory, ...]:
        return products.parse_categories(self.client.list_categories())

    def attributes(self, category: str) -> tuple[ChannelAttribute, ...]:
        """Of the category and of all above it, each naming its own. An instance may answer with others' too."""
        return products.parse_attributes(self.client.list_attributes(category))

    def values(self, list_code: str) -> tuple[ChannelValue, ...]:
        return products.parse_values(self.client.list_values(list_code), list_code=list_code)

    # --- telling it -----------------------------------------------------------------------------------------------
    def send(self, updates: Sequence[ListingUpdate]) -> Delivery:
        """P41 in the operator's format. Where the settings name no column, PM11 is asked, once a connector.

        The ticket keeps the column of the SKU beside the import's number: its report has the columns that were sent.
        """
        columns = self._product_columns()
        number = parse_ticket(self.client.import_products(products.product_file(updates, columns)))
        return Delivery(state=DeliveryState.PENDING, ticket=f"{number}:{columns.sku}")

    def follow(self, ticket: str) -> Delivery:
        """P42, then the reports it speaks of: P47 as soon as it is there, P44 when all is over.

        DONE is not success: each refused line is named, once for each problem. `words` of one that is DONE or PENDING
        are the marketplace's warnings, which refuse nothing.
        """
        number, _, sku_column = ticket.partition(":")
        found = products.parse_import(self.client.read_product_import(number), ticket=ticket, now=ports.now())
        reports: list[Report] = []
        if found.has_transformation_errors:
            report = self.client.read_transformation_errors(number)
            reports.append(products.parse_transformation_report(report, sku_column=sku_column))
        if found.has_integration_errors:
            report = self.client.read_integration_errors(number)
            reports.append(
                products.parse_integration_report(
                    report,
                    sku_column=sku_column,
                    own_sku=self._setting("report_sku_column"),
                    own_error=self._setting("report_error_column"),
                )
            )
        return products.with_reports(found.delivery, reports)

    def _product_columns(self) -> Columns:
        """Raises ConfigurationError where neither the settings nor Mirakl name the column of the category or the SKU."""
        if self._columns is None:
            chosen = Columns(category=self._setting("category_attribute"), sku=self._setting("sku_attribute"))
            if not (chosen.category and chosen.sku):
                told = products.columns_of(products.parse_attributes(self.client.list_attributes_with_roles()))
                chosen = Columns(category=chosen.category or told.category, sku=chosen.sku or told.sku)
            self._columns = chosen
        for code, what in ((self._columns.category, "the category"), (self._columns.sku, "your SKU")):
            if not code:
                words = f"The marketplace does not say which product attribute holds {what}. Enter its code on the connection."
                raise ConfigurationError(words, operation=Capability.SEND_LISTINGS, code="product_columns")
        return self._columns

    def _setting(self, name: str) -> str:
        return str(self.account.settings.get(name) or "").strip()
