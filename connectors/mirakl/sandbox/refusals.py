"""How Mirakl says no."""

from connectors.sandboxkit import Reply


class RefusedError(Exception):
    """The platform refuses a call; raised before anything was changed."""

    def __init__(self, status: int, message: str, *, code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers or {}

    def reply(self) -> Reply:
        body: dict[str, object] = {"message": self.message, "status": self.status}
        if self.code:
            body = {"code": self.code, **body}
        return Reply(status=self.status, body=body, headers=self.headers)


def not_found() -> Reply:
    """An address that is no operation: no status in the body, unlike a missing object."""
    return Reply(status=404, body={"message": "Not Found"})


def order_not_found(order_id: str) -> RefusedError:
    return RefusedError(404, f"Order with identifier {order_id} not found", code="ORDER_NOT_FOUND")


def wrong_field(name: str) -> RefusedError:
    return RefusedError(400, f"Error with field {name}. Please check the field datatype.")


def too_many(name: str, limit: int) -> RefusedError:
    return RefusedError(400, f"The limit of {limit} is exceeded for the parameter : {name}")
