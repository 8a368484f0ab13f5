"""How Virtualstock says no: an object, a map of fields, a bare string or a line of text."""

from connectors.sandboxkit import Reply, to_json


class RefusedError(Exception):
    """The platform refuses a call."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.body))
        self.reply = reply


def detail(status: int, words: str, code: str = "") -> RefusedError:
    body: dict[str, object] = {"detail": words}
    if code:
        body["code"] = code
    return RefusedError(Reply(status=status, body=body))


def fields(**problems: str) -> RefusedError:
    return RefusedError(Reply(status=400, body={name: [words] for name, words in problems.items()}))


def required(name: str) -> RefusedError:
    return fields(**{name: "This field is required."})


def validation(words: str, form: str) -> RefusedError:
    """One documented line, in the shape that the platform happens to give it."""
    if form == "DETAIL":
        return detail(400, words)
    if form == "STRING":
        return RefusedError(Reply(status=400, body=to_json(words)))
    return RefusedError(Reply(status=400, body=words, content_type="text/plain"))


def throttled(seconds: float) -> Reply:
    """The vendor's page prints its first sentence twice, and no Retry-After."""
    sentence = "Request was throttled."
    words = f"{sentence} {sentence} Expected available in {int(seconds)}.0 seconds."
    return Reply(status=429, body={"detail": words})
