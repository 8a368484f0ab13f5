"""The guided tour, walked without a browser: over HTTP through the real console, against the running demo."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import TypeVar

import requests

from connectors import ports
from connectors.registry import CONNECTORS
from integrationhub.console.demo.shops import FELLMARK, NORDHEM, UNKNOWN_SKU_ORDERS, Shops, unknown_item
from integrationhub.console.demo.stalls import Stall

PATIENCE_SECONDS = 90
PAUSE_SECONDS = 0.5
USER, OTHER_BRANDS_USER = "olivia", "oskar"
UNKNOWN_AT = "northgate"

T = TypeVar("T")


class LostError(Exception):
    """A step of the tour did not come true in time."""


@dataclass(frozen=True)
class Case:
    address: str
    sentence: str
    waiting: int


class Tour:
    def __init__(self, shops: Shops, *, address: str, password: str, say: Callable[[str], None]) -> None:
        self.shops = shops
        self.address = address
        self.password = password
        self.say = say
        self.session = requests.Session()
        self.sku = unknown_item(shops.goods[NORDHEM]).sku
        self.northgate = shops.marketplaces[UNKNOWN_AT].sandbox

    def walk(self) -> bool:
        """Case found → mapping saved → waiting orders released → each in Centra exactly once → dispatch shown.

        Then: every platform trades, and each brand is closed to the other's people.
        """
        try:
            self._log_in(USER)
            case = self._find_case()
            self._save_mapping(case)
            references = self._orders_with_the_sku()
            self._each_is_in_centra_once(references)
            self._a_dispatch_is_shown(references)
            others = [stall for key, stall in self.shops.marketplaces.items() if key != UNKNOWN_AT]
            shown = {stall.plan.key: self._something_left(stall) for stall in others}
            self._log_in(OTHER_BRANDS_USER)
            self._other_brands_are_closed(references[0])
            self._one_story(shown["kungsgatan"])
        except (LostError, requests.RequestException) as error:
            self.say(f"✗ {error}")
            return False
        return True

    # --- the steps ------------------------------------------------------------------------------------------------
    def _log_in(self, user: str) -> None:
        self.session = requests.Session()
        page = self._get("login/")
        answer = self.session.post(
            self.address + "login/",
            data={"csrfmiddlewaretoken": _token(page), "username": user, "password": self.password},
            headers={"Referer": self.address + "login/"},
            timeout=20,
        )
        if "login" in answer.url or answer.status_code != 200:
            raise LostError(f"{user} could not log in.")
        self.say(f"✓ {user} (operations) is logged in.")

    def _find_case(self) -> Case:
        """The list of cases has one row for the missing SKU, however many orders wait for it."""
        case = self._wait_for("the case of the unmapped SKU", self._whole_case)
        self.say(f"✓ Case found: {case.sentence}")
        return case

    def _whole_case(self) -> Case | None:
        page = self._get("cases/")
        rows = [row for row in re.findall(r"<tr\b.*?</tr>", page, re.S) if self.sku in row]
        for row in rows:
            link = re.search(r'href="([^"]*cases/\d+/[^"]*)"', row)
            sentence = _text(row)
            found = re.search(r"(\d[\d,]*) orders", sentence)
            if link and found and int(found[1].replace(",", "")) >= UNKNOWN_SKU_ORDERS:
                return Case(address=unescape(link[1]), sentence=sentence, waiting=int(found[1].replace(",", "")))
        return None

    def _suggestion(self, case: Case) -> tuple[re.Match[str], re.Match[str]] | None:
        """The form and its first choice; none before Centra's products have been read."""
        form = re.search(r'<form[^>]*action="([^"]*/map/)".*?</form>', self._get(case.address), re.S)
        choice = re.search(r'name="choice" value="([^"]+)"', form[0]) if form else None
        return (form, choice) if form and choice else None

    def _save_mapping(self, case: Case) -> None:
        """Choose what the page suggests, for every channel, and press the one button."""
        form, choice = self._wait_for("a suggestion on the case's page", lambda: self._suggestion(case))
        answer = self.session.post(
            _absolute(self.address, form[1]),
            data={
                "csrfmiddlewaretoken": _token(form[0]),
                "choice": unescape(choice[1]),
                "other": "",
                "scope": "",
                "reason": "Same article, same code.",
            },
            headers={"Referer": self.address},
            timeout=30,
        )
        if answer.status_code != 200 or "Saved:" not in answer.text:
            raise LostError(f"The mapping was not saved (status {answer.status_code}).")
        self.say(f"✓ Mapped {self.sku} to {unescape(choice[1])}; {case.waiting} orders are released.")

    def _orders_with_the_sku(self) -> list[str]:
        orders = list(self.northgate.market.orders.values())
        references = [order.order_id for order in orders if any(line.sku == self.sku for line in order.lines)]
        if len(references) < UNKNOWN_SKU_ORDERS:
            raise LostError(f"Only {len(references)} orders with {self.sku} were sold.")
        return references

    def _each_is_in_centra_once(self, references: list[str]) -> None:
        def all_there() -> bool:
            return all(self._live(reference) for reference in references)

        self._wait_for(f"all {len(references)} orders in Centra", all_there)
        twice = [reference for reference in references if len(self._live(reference)) != 1]
        if twice:
            raise LostError(f"{len(twice)} orders are in Centra more than once, the first is {twice[0]}.")
        self.say(f"✓ All {len(references)} released orders are in Centra, each exactly once.")

    def _live(self, reference: str) -> list[object]:
        """What is committed in Centra under this reference: a copy that was never confirmed cannot ship."""
        found = self.shops.centras[NORDHEM].orders_by_reference(reference)
        return [order for order in found if order.status in ("CONFIRMED", "PROCESSING", "SHIPPED")]

    def _a_dispatch_is_shown(self, references: list[str]) -> None:
        """The demo's warehouse ships what is confirmed; the first parcel with a known carrier must reach its marketplace."""

        def shipped() -> str | None:
            return next((reference for reference in references if self._state(reference) == "SHIPPED"), None)

        reference = self._wait_for("a dispatch at the marketplace", shipped)
        carrier = self._carrier(reference)
        if carrier not in self._listed_carriers():
            raise LostError(f"{reference} was confirmed with {carrier!r}, which the marketplace does not list.")
        self.say(f"✓ {reference} was dispatched; its marketplace shows it as shipped with {carrier}.")
        page = self._wait_for(f"the order page of {reference}", lambda: self._order_page(reference))
        if reference not in page:
            raise LostError(f"The console does not find {reference}.")
        self.say("✓ The search box finds the order, with its whole story.")

    def _something_left(self, stall: Stall) -> str:
        """Returns the number of an order that this marketplace's customer sees as shipped."""

        def left() -> str | None:
            return next((reference for reference in stall.references() if stall.has_left(reference)), None)

        reference = self._wait_for(f"a dispatch at {stall.plan.name}", left)
        label = CONNECTORS[stall.plan.platform].label
        self.say(f"✓ {stall.plan.name} ({label}) shows {reference} as shipped.")
        return reference

    def _other_brands_are_closed(self, reference: str) -> None:
        if "/orders/" in self._get(f"search/?q={reference}").split("<main", 1)[-1]:
            raise LostError(f"{OTHER_BRANDS_USER} works for another brand and is shown {reference}.")
        self.say(f"✓ {OTHER_BRANDS_USER} works for {FELLMARK.capitalize()} and is shown nothing of the other brand.")

    def _one_story(self, reference: str) -> None:
        page = self._wait_for(f"the order page of {reference}", lambda: self._order_page(reference))
        if "Passed on by Centra" not in page:
            raise LostError(f"The page of {reference} does not tell that Centra passed it on to Fulfil.")
        self.say(f"✓ The page of {reference} tells its whole way over Centra to Fulfil.")

    # --- looking ----------------------------------------------------------------------------------------------------
    def _state(self, reference: str) -> str:
        return str(self.northgate.order(reference)["order_state"])

    def _carrier(self, reference: str) -> str:
        """As the marketplace's own API shows it (ST11)."""
        keys = self.northgate.credentials()
        answer = requests.get(
            f"{self.northgate.base_url}/api/shipments",
            params={"order_id": reference, "shop_id": keys["shop_id"]},
            headers={"Authorization": keys["api_key"], "Accept": "application/json"},
            timeout=10,
        )
        shipments = answer.json()["data"]
        return str(shipments[0]["tracking"]["carrier_code"]) if shipments else ""

    def _listed_carriers(self) -> set[str]:
        return {row.code for row in self.northgate.market.reference.carriers}

    def _order_page(self, reference: str) -> str | None:
        page = self._get(f"search/?q={reference}")
        return page if "Shipped" in page or reference in page else None

    def _get(self, address: str) -> str:
        answer = self.session.get(_absolute(self.address, address), timeout=30)
        if answer.status_code != 200:
            raise LostError(f"{address} answered {answer.status_code}.")
        return answer.text

    def _wait_for(self, what: str, look: Callable[[], T | None]) -> T:
        deadline = ports.boottime() + PATIENCE_SECONDS
        while ports.boottime() < deadline:
            found = look()
            if found:
                return found
            ports.sleep(PAUSE_SECONDS)
        raise LostError(f"Waited {PATIENCE_SECONDS} s in vain for {what}.")


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if found is None:
        raise LostError("The page has no form.")
    return found[1]


def _text(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def _absolute(address: str, path: str) -> str:
    if path.startswith("/"):
        return "/".join(address.split("/")[:3]) + path
    return path if path.startswith("http") else address + path
