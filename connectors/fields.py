"""Secrets in a column: encrypted with rotating keys, never readable without them."""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def _keyring() -> MultiFernet:
    keys: list[str] = settings.ENCRYPTION_KEYS
    if not keys:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS is empty: secrets can be neither stored nor read. Set it and restart."
        )
    return MultiFernet([Fernet(key) for key in keys])


class UnreadableSecretError(Exception):
    """A stored secret that none of the configured keys opens."""


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A JSON object stored as a Fernet token. The first of ENCRYPTION_KEYS writes; all of them read."""

    description = "Encrypted JSON object"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, bytes):
            return value
        return _keyring().encrypt(json.dumps(value, sort_keys=True).encode())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        try:
            return json.loads(_keyring().decrypt(bytes(value)))
        except InvalidToken:
            message = f"{self.model.__name__}.{self.name} was encrypted with a key that is not in ENCRYPTION_KEYS."
            raise UnreadableSecretError(message) from None

    def to_python(self, value: Any) -> Any:
        return value
