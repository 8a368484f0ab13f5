"""What this layer refuses to a person."""


class RefusedCaseError(Exception):
    """What was asked cannot be done with this case; the message is a full sentence for the person who asked."""
