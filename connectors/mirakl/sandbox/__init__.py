"""Mirakl on loopback, with its real rules: states, masking, tax modes, refusals, imports, call frequencies.

For tests, the demo and the sandbox command; production code never imports it. Inferred behaviour is a setting.
"""

from connectors.mirakl.sandbox.reference import CarrierRow, FieldRow, ReasonRow, ShippingTypeRow
from connectors.mirakl.sandbox.server import MiraklSandbox
from connectors.mirakl.sandbox.settings import AccountSettings

__all__ = ["AccountSettings", "CarrierRow", "FieldRow", "MiraklSandbox", "ReasonRow", "ShippingTypeRow"]
