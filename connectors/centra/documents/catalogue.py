"""The documents of products, their content and their prices."""

from connectors.centra.documents.document import Document

_SIZE = """
fragment size on ProductSize {
  id SKU EAN UPC isActive updatedAt size { name }
  productVariant { id name status product { id name status } }
}
"""

READ_PRODUCTS = Document(
    name="ReadProducts",
    operation="productSizes",
    complexity=3000,
    text="""
query ReadProducts($where: ProductSizeFilter!, $limit: Int!, $page: Int!) {
  productSizes(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { ...size }
}
"""
    + _SIZE,
)

# What is told of an article, once for each variant and apart from its sizes, since nested lists multiply the complexity.
# Pictures and words belong to the displays: a variant shows those of the products' pages that it is on.
READ_CONTENT = Document(
    name="ReadContent",
    operation="productVariants",
    complexity=8000,
    text="""
query ReadContent($where: ProductVariantFilter!, $limit: Int!) {
  productVariants(where: $where, limit: $limit) {
    id attributes { ...attribute }
    product { id brand { name } attributes { ...attribute } }
    displays {
      id status store { type } description shortDescription
      canonicalCategory { name uri } categories { name uri } media { source(sizeName: "standard") { url } }
    }
  }
}
fragment attribute on Attribute {
  type { name }
  elements {
    key
    ... on AttributeStringElement { value }
    ... on AttributeChoiceElement { selectedValue selectedValueName }
    ... on AttributeFileElement { url }
    ... on AttributeImageElement { url }
  }
}
""",
)

READ_SIZES_OF_VARIANTS = Document(
    name="ReadSizesOfVariants",
    operation="productVariants",
    complexity=4000,
    text="""
query ReadSizesOfVariants($where: ProductVariantFilter!, $limit: Int!) {
  productVariants(where: $where, limit: $limit) { id productSizes { ...size } }
}
"""
    + _SIZE,
)

READ_CHANGED_VARIANTS = Document(
    name="ReadChangedVariants",
    operation="productVariants",
    complexity=200,
    text="""
query ReadChangedVariants($where: ProductVariantFilter!, $limit: Int!, $page: Int!) {
  productVariants(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { id updatedAt product { id } }
}
""",
)

READ_CHANGED_PRODUCTS = Document(
    name="ReadChangedProducts",
    operation="products",
    complexity=200,
    text="""
query ReadChangedProducts($where: ProductFilter!, $limit: Int!, $page: Int!) {
  products(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { id updatedAt }
}
""",
)

READ_CHANGED_DISPLAYS = Document(
    name="ReadChangedDisplays",
    operation="displays",
    complexity=200,
    text="""
query ReadChangedDisplays($where: DisplayFilter!, $limit: Int!, $page: Int!) {
  displays(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) { id updatedAt product { id } }
}
""",
)

# Sizes and prices apart, since nested lists multiply the complexity: first a page of sizes, then their products' prices.
READ_PRICED_SIZES = Document(
    name="ReadPricedSizes",
    operation="productSizes",
    complexity=2000,
    text="""
query ReadPricedSizes($where: ProductSizeFilter!, $limit: Int!, $page: Int!) {
  productSizes(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) {
    id SKU isActive updatedAt productVariant { id status product { id status } }
  }
}
""",
)

READ_PRICES = Document(
    name="ReadPrices",
    operation="prices",
    complexity=2000,
    text="""
query ReadPrices($where: PriceFilter!, $limit: Int!) {
  prices(where: $where, sort: [productId_ASC, productVariantId_ASC], limit: $limit) {
    id pricelist { id } product { id } productVariant { id } price { value currency { code } }
  }
}
""",
)

READ_PRICELISTS = Document(
    name="ReadPricelists",
    operation="pricelists",
    complexity=500,
    text="""
query ReadPricelists { pricelists { id name status currency { code } } }
""",
)

# What it shows as a channel of stock that another system owns: what is free in the one warehouse that the hub writes.
READ_OFFERED_SIZES = Document(
    name="ReadOfferedSizes",
    operation="productSizes",
    complexity=3000,
    text="""
query ReadOfferedSizes($where: ProductSizeFilter!, $limit: Int!, $page: Int!, $warehouse: [Int!]!) {
  productSizes(where: $where, sort: [updatedAt_ASC, id_ASC], limit: $limit, page: $page) {
    ...size
    stock(where: { warehouseId: $warehouse }, limit: 1) { freeToAllocateQuantity }
  }
}
"""
    + _SIZE,
)


def sizes_of(count: int) -> Document:
    """The document that reads the articles of `count` SKUs, as variables $s0, $s1, …; one alias each, as for their stock."""
    declared = " ".join(f"$s{index}: String!" for index in range(count))
    asked = "\n".join(
        f"  s{index}: productSizes(where: {{ SKU: {{ equals: $s{index} }} }}, limit: 5) {{ ...size }}"
        for index in range(count)
    )
    return Document(
        name="SizesOfSkus",
        operation="productSizes",
        complexity=100,
        units=count,
        text=f"query SizesOfSkus({declared}) {{\n{asked}\n}}\n{_SIZE}",
    )
