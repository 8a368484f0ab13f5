"""Every mutation, by importing the modules that register them."""

from connectors.centra.sandbox.gql import order_mutations, other_mutations, shipment_mutations, stock_mutations

MUTATION_MODULES = (order_mutations, other_mutations, shipment_mutations, stock_mutations)
