"""What this layer refuses. Unmapped codes are `connectors.canonical.errors.MappingError`."""

from collections.abc import Sequence


class RefusedMappingError(Exception):
    """A mapping that cannot be saved, with every reason at once; each is a full sentence for the person who saves."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


class UnreadableFileError(Exception):
    """A file that cannot be read as a table; a full sentence with what to do about it."""


class StalePlanError(Exception):
    """The tables changed since the plan was made: it was made anew and must be confirmed again."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = tuple(numbers)  # the rows that come to something else now
        super().__init__(f"{len(self.numbers)} rows differ.")
