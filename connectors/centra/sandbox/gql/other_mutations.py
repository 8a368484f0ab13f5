"""Mutations of customers, attributes, the table of external ids and the events queue."""

from collections.abc import Mapping
from typing import Any

from connectors.centra.sandbox.gql import references
from connectors.centra.sandbox.gql.payloads import Args, Warnings, check_external_id, mutation, set_external_id
from connectors.centra.sandbox.gql.structure_fields import current_object
from connectors.centra.sandbox.records import Customer
from connectors.centra.sandbox.refusals import RefusedError, UserMessage
from connectors.centra.sandbox.sales import IdConversion
from connectors.centra.sandbox.tokens import Session


# --- customers --------------------------------------------------------------------------------------------------------------
@mutation("createCustomer")
def create_customer(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """A registered customer; an unregistered one with the same e-mail may exist beside it."""
    shop, given = session.shop, args["input"]
    store = references.store(session, given["store"], ("input", "store"))
    check_external_id(session, given.get("externalId"))
    address = given["billingAddress"]
    key = (store.id, address["email"].casefold(), True)
    path = ("input", "billingAddress", "email")
    if "@" not in address["email"]:
        raise RefusedError("Email is not valid.", path)
    if key in shop.customers_by_email:
        raise RefusedError(f"A customer with email {address['email']} already exists.", path)
    customer = _customer(session, store, given)
    shop.customers.add(customer.id, customer)
    shop.customers_by_email[key] = customer
    set_external_id(session, shop.customers, customer.id, customer, given.get("externalId"), warnings)
    shop.events.add("Customer", "CREATED", customer.id, store=store)
    shop.webhooks.note("customer", "insert", customer.id, shop.now())
    return {"customer": customer}


def _customer(session: Session, store: Any, given: Mapping[str, Any]) -> Customer:
    address, now = given["billingAddress"], session.shop.now()
    country, market, pricelist = address.get("country"), given.get("market"), given.get("pricelist")
    at = ("input", "billingAddress", "country")
    return Customer(
        id=session.shop.new_id("Customer"),
        email=address["email"],
        first_name=address.get("firstName"),
        last_name=address.get("lastName"),
        phone_number=address.get("phoneNumber"),
        cell_phone_number=address.get("cellPhoneNumber"),
        status=given["status"],
        gender=given.get("gender"),
        store=store,
        registered=True,
        created_at=now,
        updated_at=now,
        country_code=None if country is None else references.country(session, country, at).code,
        market=None if market is None else references.market(session, market, ("input", "market")),
        pricelist=None if pricelist is None else references.pricelist(session, pricelist, ("input", "pricelist")),
    )


# --- attributes -------------------------------------------------------------------------------------------------------------
@mutation("assignAttributes")
def assign_attributes(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """For orders the object id is the number."""
    shop, given = session.shop, args["input"]
    target = current_object(shop, given["objectType"], given["objectId"])
    if target is None or not session.sees(getattr(target, "store", None)):
        raise references.missing(given["objectType"], "id", given["objectId"], ("input", "objectId"))
    values: list[tuple[str, str, str]] = [
        (item["attributeTypeName"], item["attributeElementKey"], item["attributeElementValue"])
        for item in given.get("dynamicAttributes") or ()
    ]
    for index, item in enumerate(given.get("mappedAttributes") or ()):
        mapped = shop.mapped_attributes.get(item["attributeId"])
        if mapped is None or mapped.type_name != item["attributeTypeName"]:
            path = ("input", "mappedAttributes", str(index), "attributeId")
            raise references.missing("MappedAttribute", "id", item["attributeId"], path)
        values += [(mapped.type_name, key, value) for key, value in mapped.values.items()]
    for name, key, value in values:
        target.attributes.setdefault(name, {})[key] = value
    _touch(session, given["objectType"], target)
    return {"object": target}


def _touch(session: Session, object_type: str, target: Any) -> None:
    shop = session.shop
    if object_type == "Order":
        shop.order_changed(target)
        return
    table: Any = {"Product": shop.products, "ProductVariant": shop.variants, "Customer": shop.customers}[object_type]
    table.touch(target.id, shop.now())
    shop.events.add(object_type, "UPDATED", target.id)


# --- the table of external ids ----------------------------------------------------------------------------------------------
def _integration(session: Session) -> str:
    if session.token.integration is None:
        raise RefusedError("ID conversions need a token with an integration name.", ("input",))
    return session.token.integration


@mutation("setIdConversions", empty=("entries",))
def set_id_conversions(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    """Idempotent; what collides, by internal or by external id, is overwritten. An order's internal id is its number."""
    integration = _integration(session)
    for index, item in enumerate(args["input"]):
        path = ("input", str(index))
        if not 1 <= len(item["externalId"]) <= 255:
            raise RefusedError("External ID must have 1 to 255 characters.", [*path, "externalId"])
        if not _exists(session, item["objectType"], item["internalId"]):
            raise references.missing(item["objectType"], "id", item["internalId"], [*path, "internalId"])
    return {"entries": [_convert(session, integration, item) for item in args["input"]]}


def _exists(session: Session, object_type: str, internal_id: int) -> bool:
    shop = session.shop
    others: dict[str, Any] = {
        "Brand": shop.brands,
        "Collection": shop.collections,
        "Country": {country.id: country for country in shop.countries.values()},
        "Size": {size.id: size for size in shop.size_names.values()},
    }
    if object_type in others:
        return internal_id in others[object_type]
    return current_object(shop, object_type, internal_id) is not None


def _convert(session: Session, integration: str, item: Mapping[str, Any]) -> IdConversion:
    table = session.shop.id_conversions
    for entry in list(table.values()):
        same = entry.integration_name == integration and entry.object_type == item["objectType"]
        if same and (entry.internal_id == item["internalId"] or entry.external_id == item["externalId"]):
            del table[entry.id]
    entry = IdConversion(
        id=session.shop.new_id("IdConversion"),
        object_type=item["objectType"],
        internal_id=item["internalId"],
        external_id=item["externalId"],
        integration_name=integration,
    )
    table[entry.id] = entry
    return entry


@mutation("unsetIdConversions")
def unset_id_conversions(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    integration, table = _integration(session), session.shop.id_conversions
    doomed = []
    for index, item in enumerate(args["input"]):
        name, value = references.single(item["idConversion"], "IdConversionReferenceInput")
        attribute = {"id": "id", "internalId": "internal_id", "externalId": "external_id"}[name]
        found = [
            entry.id
            for entry in table.values()
            if entry.integration_name == integration
            and entry.object_type == item["objectType"]
            and getattr(entry, attribute) == value
        ]
        if not found:
            raise references.missing("IdConversion", name, value, ("input", str(index), "idConversion"))
        doomed += found
    for entry_id in dict.fromkeys(doomed):
        del table[entry_id]
    return {}


# --- the events queue -------------------------------------------------------------------------------------------------------
def _queue(session: Session) -> str:
    if session.token.integration is None:
        raise RefusedError("Events need a token with an integration name.", ("input",))
    return session.token.integration


@mutation("setEventListeners", empty=("eventListeners",))
def set_event_listeners(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    return {"eventListeners": session.shop.events.listen(_queue(session), args["input"])}


@mutation("unsetEventListeners", empty=("eventListeners",))
def unset_event_listeners(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    return {"eventListeners": session.shop.events.stop_listening(_queue(session), args["input"])}


@mutation("confirmEvents", empty=("events",))
def confirm_events(session: Session, args: Args, warnings: Warnings) -> Mapping[str, Any]:
    ids = args["input"]["eventsIds"]
    confirmed = session.shop.events.confirm(_queue(session), ids)
    if unknown := sorted(set(ids) - {event.id for event in confirmed}):
        text = f"Events {', '.join(map(str, unknown))} are not in the queue."
        warnings.append(UserMessage(text, ["input", "eventsIds"]))
    return {"events": confirmed}
