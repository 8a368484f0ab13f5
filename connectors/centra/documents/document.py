"""What every GraphQL document that the hub sends to Centra is."""

from dataclasses import dataclass

LIST_ROWS = 200  # the most rows that a list gives


@dataclass(frozen=True, kw_only=True)
class Document:
    name: str  # the document's own name, sent as operationName
    operation: str  # Centra's name of what it does: "orders", "confirmOrder"
    text: str
    complexity: int  # points assumed for one unit until Centra's answer says better
    mutations: int = 0  # each counts against the mutation quota; 0 = a read
    units: int = 1  # how many alike parts it asks for (SKUs): its complexity grows with them
    probe: bool = False  # its mutations name nothing that exists, so they cannot change anything

    @property
    def write(self) -> bool:
        return self.mutations > 0 and not self.probe


MESSAGES = "userErrors { message path } userWarnings { message path }"
