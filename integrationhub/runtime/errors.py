"""What can be wrong with the surroundings of the hub, in one sentence that says what to do."""


class RuntimeSetupError(Exception):
    """Something a person must change before the hub can start; the message is shown as it is."""
