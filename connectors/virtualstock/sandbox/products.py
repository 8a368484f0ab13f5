"""Products of the retailers' data models: everything comes back as text, and stock does not come back at all."""

from typing import Any

from connectors.sandboxkit import Reply
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import CATEGORIES, PRODUCT_SUPPLIER, Platform
from connectors.virtualstock.sandbox.records import Product
from connectors.virtualstock.sandbox.refusals import detail, fields, required
from connectors.virtualstock.sandbox.settings import Retailer

PUBLISHING = "Can't update a product which is in a publishing status."


def list_products(platform: Platform, call: Call) -> Reply:
    part = call.word("part_number")
    found = [item for item in platform.products.values() if not part or item.part_number == part]
    return call.page(platform, found, lambda item: _element(platform, item), default=platform.settings.products_page)


def read_product(platform: Platform, call: Call) -> Reply:
    return Reply(body=_element(platform, _product_of(platform, call)))


def create_product(platform: Platform, call: Call) -> Reply:
    body = call.body()
    for name in ("part_number", "category", "client", "supplier", "data"):
        if body.get(name) in (None, ""):
            raise required(name)
    clients = {item.client_id for item in platform.retailers.values()}
    client, supplier = _last(body["client"]), _last(body["supplier"])
    if client not in clients:
        raise fields(client="Invalid hyperlink - Object does not exist.")
    if supplier != PRODUCT_SUPPLIER:  # the order API's number of the same company is another
        raise fields(supplier="Invalid hyperlink - Object does not exist.")
    if not 1 <= _last(body["category"]) <= len(CATEGORIES):
        raise fields(category="Invalid hyperlink - Object does not exist.")
    part = str(body["part_number"])
    if any(item.part_number == part and item.client_id == client for item in platform.products.values()):
        raise fields(part_number="Product with this part number already exists.")
    product = Product(
        number=platform.new_number(), part_number=part, client_id=client, category=str(_last(body["category"])), data={}
    )
    retailer = platform.retailer_of_client(client)
    _refuse_unfit(retailer, {**dict.fromkeys(retailer.required_keys), **body["data"]})
    _write(platform, product, body["data"])
    platform.products[product.number] = product
    return Reply(status=201, body=_element(platform, product))


def change_product(platform: Platform, call: Call) -> Reply:
    product = _product_of(platform, call)
    data = call.body().get("data")
    if not isinstance(data, dict):
        raise required("data")
    _refuse_locked(platform, product)
    _refuse_unfit(platform.retailer_of_client(product.client_id), data)
    _write(platform, product, data)
    return Reply(body=_element(platform, product))


def delete_product(platform: Platform, call: Call) -> Reply:
    del platform.products[_product_of(platform, call).number]
    return Reply(status=204)


def set_stock(platform: Platform, call: Call) -> Reply:
    """The one call without a slash at its end; it knows one name for stock, whatever the retailer's is."""
    number = call.path["product_id"]
    product = platform.products.get(int(number)) if number.isdecimal() else None
    if product is None:
        raise detail(404, "Product not found.", "PRODUCT_NOT_FOUND")
    body = call.body()
    if body.get("supplier_free_stock") is None:
        raise required("supplier_free_stock")
    quantity = body["supplier_free_stock"]
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        raise fields(supplier_free_stock="A valid integer is required.")
    if quantity < 0:
        raise fields(supplier_free_stock="Ensure this value is greater than or equal to 0.")
    _refuse_locked(platform, product)
    product.stock = quantity
    product.data["stock_updated_at"] = platform.naive(platform.now()) or ""
    return Reply()


def list_categories(platform: Platform, call: Call) -> Reply:
    numbered = list(enumerate(CATEGORIES, start=1))

    def element(one: tuple[int, str]) -> dict[str, Any]:
        return {"url": platform.url(f"/api/v4/categories/{one[0]}/"), "name": one[1]}

    return call.page(platform, numbered, element, default=platform.settings.products_page)


def _refuse_unfit(retailer: Retailer, data: dict[str, Any]) -> None:
    """All that is wrong at once. What the data model says of a field is not documented; the map of fields is."""
    blank = [name for name in retailer.required_keys if name in data and data[name] in (None, "")]
    problems = dict.fromkeys(blank, "This field is required.")
    if retailer.strict_data_model:
        known = {*retailer.data_keys, retailer.stock_field, "back_in_stock_date"}
        problems |= {name: "This field is not in the data model." for name in data if name not in known}
    if problems:
        raise fields(**problems)


def _write(platform: Platform, product: Product, data: dict[str, Any]) -> None:
    retailer = platform.retailer_of_client(product.client_id)
    for name, value in data.items():
        if name == retailer.stock_field:
            product.stock = int(value)
            product.data["stock_updated_at"] = platform.naive(platform.now()) or ""
        elif name == "back_in_stock_date":
            product.back_in_stock_date = None if value is None else str(value)
        else:
            product.data[name] = "" if value is None else str(value)


def _element(platform: Platform, product: Product) -> dict[str, Any]:
    retailer = platform.retailer_of_client(product.client_id)
    return {
        "url": platform.url(f"/api/v4/products/{product.number}/"),
        "part_number": product.part_number,
        "category": platform.url(f"/api/v4/categories/{product.category}/"),
        "client": platform.url(f"/api/v4/clients/{product.client_id}/"),
        "supplier": platform.url(f"/api/v4/suppliers/{PRODUCT_SUPPLIER}/"),
        "data": {**dict.fromkeys(retailer.data_keys, ""), **product.data},
        "back_in_stock_date": product.back_in_stock_date,
    }


def _product_of(platform: Platform, call: Call) -> Product:
    number = call.path["product_id"]
    product = platform.products.get(int(number)) if number.isdecimal() else None
    if product is None:
        raise detail(404, "Not found.")
    return product


def _refuse_locked(platform: Platform, product: Product) -> None:
    if product.publishing_until is not None and platform.now() < product.publishing_until:
        raise detail(409, PUBLISHING)


def _last(url: object) -> int:
    text = str(url).rstrip("/").rpartition("/")[2]
    return int(text) if text.isdecimal() else 0
