"""What this layer refuses. Unmapped codes are `connectors.canonical.errors.MappingError`."""

from collections.abc import Sequence


class RefusedMappingError(Exception):
    """A mapping that cannot be saved, with every reason at once; each is a full sentence for the person who saves."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))
