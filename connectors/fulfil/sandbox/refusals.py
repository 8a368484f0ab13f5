"""Refusals in the forms Fulfil gives them; raising one rolls the whole request back."""

from typing import Any

from connectors.sandboxkit import Reply, to_json


class RefusedError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, body: dict[str, Any], *, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}

    def reply(self) -> Reply:
        return Reply(status=self.status, body=to_json(self.body), headers=self.headers)


def user_error(message: str, *, description: str = "", code: str = "E1000") -> RefusedError:
    """A business rule, a validation, a workflow guard: what people are shown."""
    return RefusedError(400, {"type": "UserError", "code": code, "message": message, "description": description})


def http_error(status: int, name: str, description: str, *, headers: dict[str, str] | None = None) -> RefusedError:
    return RefusedError(status, {"code": status, "name": name, "description": description}, headers=headers)


def bad_request(description: str) -> RefusedError:
    return http_error(400, "Bad Request", description)


def not_found(description: str) -> RefusedError:
    return http_error(404, "Not Found", description)


def forbidden(description: str) -> RefusedError:
    return http_error(403, "Forbidden", description)


def broken() -> RefusedError:
    """Silly arguments are an error of the server's, not of the caller's."""
    return RefusedError(500, {"error": "Internal Server Error"}, headers={"X-Sentry-ID": "3f1d5e0c7b"})
