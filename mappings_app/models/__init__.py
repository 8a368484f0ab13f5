"""The tables of this layer: versions, codes seen and known, what versions shaped, and imports."""

from mappings_app.models.codes import KnownCode, SeenCode
from mappings_app.models.imports import REFUSED, WRITTEN, ImportFile, ImportPlan, ImportRow
from mappings_app.models.uses import MappingUse, UseMark
from mappings_app.models.versions import (
    CODE_LENGTH,
    CURRENT,
    LABEL_LENGTH,
    MAPPING_MODELS,
    AttributeValueMapping,
    CarrierMapping,
    CategoryMapping,
    KindManager,
    MappingVersion,
    MarketMapping,
    PaymentMethodMapping,
    PriceListMapping,
    RefundReasonMapping,
    ShippingServiceMapping,
    SkuMapping,
    in_force,
    normal_code,
)

__all__ = [
    "CODE_LENGTH",
    "CURRENT",
    "LABEL_LENGTH",
    "MAPPING_MODELS",
    "REFUSED",
    "WRITTEN",
    "AttributeValueMapping",
    "CarrierMapping",
    "CategoryMapping",
    "ImportFile",
    "ImportPlan",
    "ImportRow",
    "KindManager",
    "KnownCode",
    "MappingUse",
    "MappingVersion",
    "MarketMapping",
    "PaymentMethodMapping",
    "PriceListMapping",
    "RefundReasonMapping",
    "SeenCode",
    "ShippingServiceMapping",
    "SkuMapping",
    "UseMark",
    "in_force",
    "normal_code",
]
