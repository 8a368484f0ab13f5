"""The causes that orders, dispatches and connections bring. Importing this package registers them."""

from exceptions_app.causes import register
from exceptions_app.registered.connections import CONNECTION_CAUSES
from exceptions_app.registered.dispatches import DISPATCH_CAUSES
from exceptions_app.registered.mappings import MAPPING_CAUSES
from exceptions_app.registered.orders import ORDER_CAUSES
from exceptions_app.registered.records import RECORD_CAUSES

register(*MAPPING_CAUSES, *ORDER_CAUSES, *DISPATCH_CAUSES, *RECORD_CAUSES, *CONNECTION_CAUSES)
