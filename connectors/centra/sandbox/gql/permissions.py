"""Which permission a field needs: by the type it returns, unless the field itself is named (attributes, addresses, stock).

Permission names: centra.dev/integration-api, authorization. Types that are not named there need none in the sandbox.
"""

from graphql import GraphQLField, get_named_type

TYPE_PERMISSIONS = {
    "Order": "Order:read", "DirectToConsumerOrder": "Order:read", "WholesaleOrder": "Order:read",
    "OrderConnection": "Order:read", "Shipment": "Shipment:read", "DirectToConsumerShipment": "Shipment:read",
    "Return": "Return:read", "DirectToConsumerReturn": "Return:read", "Customer": "Customer:read",
    "PaymentHistoryEntry": "PaymentHistory:read", "Product": "Product:read", "ProductVariant": "ProductVariant:read",
    "ProductSize": "ProductSize:read", "Display": "Display:read", "DisplayConnection": "Display:read",
    "Brand": "Brand:read", "Category": "Category:read", "Collection": "Collection:read", "Folder": "Folder:read",
    "Pricelist": "Pricelist:read", "Price": "Price:read", "Market": "Market:read", "Store": "Store:read",
    "Country": "Country:read", "Campaign": "Campaign:read", "ShippingOption": "ShippingOption:read",
    "Warehouse": "Warehouse:read", "StockChange": "StockChange:read", "StockChangeLine": "StockChange:read",
    "StorePlugin": "StorePlugin:read", "Event": "Event:read", "EventListener": "Event:read",
    "MappedAttribute": "Attribute:read",
}  # fmt: skip

FIELD_PERMISSIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Product", "attributes"): ("Product.attributes:read", "Attribute:read"),
    ("ProductVariant", "attributes"): ("ProductVariant.attributes:read", "Attribute:read"),
    ("Customer", "attributes"): ("Attribute:read",),
    ("Order", "attributes"): ("Order.attributes:read",),
    ("Order", "shippingAddress"): ("Order.shippingAddress:read",),
    ("Order", "billingAddress"): ("Order.billingAddress:read",),
    ("Order", "internalComment"): ("Order.internalComment:read",),
    ("Shipment", "shippingAddress"): ("Shipment.shippingAddress:read",),
    ("Return", "comment"): ("Return.comment:read",),
    ("Warehouse", "stock"): ("Warehouse.stock:read",),
    ("Warehouse", "stockTotals"): ("Warehouse.stock:read",),
    ("ProductVariant", "stock"): ("ProductSize.stock:read",),
    ("ProductSize", "stock"): ("ProductSize.stock:read",),
    ("ProductSize", "stockTotals"): ("ProductSize.stockTotals:read",),
    # mutations; the permission for captures is not documented, so captures need what their object needs
    ("Mutation", "confirmOrder"): ("Order:write",),
    ("Mutation", "setOrdersLock"): ("Order.isLocked:write",),
    ("Mutation", "updateDirectToConsumerOrder"): ("Order:write",),
    ("Mutation", "cancelDirectToConsumerOrder"): ("Order:write",),
    ("Mutation", "captureOrder"): ("Order:write",),
    ("Mutation", "releaseRemainingOrderAuthorization"): ("Payment.cancel:write",),
    ("Mutation", "allocateOrder"): ("Order:write",),
    ("Mutation", "unallocateOrder"): ("Order:write",),
    ("Mutation", "createShipment"): ("Shipment:write",),
    ("Mutation", "updateShipment"): ("Shipment:write",),
    ("Mutation", "captureShipment"): ("Shipment:write",),
    ("Mutation", "completeShipment"): ("Shipment:write",),
    ("Mutation", "deleteShipment"): ("Shipment:write",),
    ("Mutation", "createReturn"): ("Return:write",),
    ("Mutation", "completeReturn"): ("Return:write",),
    ("Mutation", "uncompleteReturn"): ("Return:write",),
    ("Mutation", "deleteReturn"): ("Return:write",),
    ("Mutation", "refundReturn"): ("Return:write",),
    ("Mutation", "changeStock"): ("StockChange:write",),
    ("Mutation", "setStock"): ("StockChange:write",),
    ("Mutation", "createCustomer"): ("Customer:write",),
    ("Mutation", "assignAttributes"): ("Attribute:write",),
    ("Mutation", "setEventListeners"): ("Event:write",),
    ("Mutation", "unsetEventListeners"): ("Event:write",),
    ("Mutation", "confirmEvents"): ("Event:write",),
    ("Mutation", "setPrices"): ("Price:write",),
}


def permissions_for(type_names: list[str], field_name: str, definition: GraphQLField) -> tuple[str, ...]:
    for type_name in type_names:
        if (type_name, field_name) in FIELD_PERMISSIONS:
            return FIELD_PERMISSIONS[type_name, field_name]
    named = TYPE_PERMISSIONS.get(get_named_type(definition.type).name)
    return () if named is None else (named,)
