"""The form of a connection, built from what its platform's connector asks for. Secrets go in and never come out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.db import transaction
from unfold.widgets import UnfoldAdminTextInputWidget

from connectors import ports
from connectors.base import Connector, Setting
from connectors.canonical.errors import HubError
from connectors.http import OpenGate
from connectors.models import Brand, Connection, record_audit
from connectors.pages import NUMBER, fault_of
from connectors.registry import CONNECTORS
from integrationhub.adminkit import fields

SHOWN_CHARACTERS = 4
SHORTEST_SHOWN = 12  # of a shorter secret, four characters would be too much
_SETTING, _REMOVE = "setting_", "remove_"


def secret_words(value: str) -> str:
    """ "Set, ends in …4f2a"."""
    return f"Set, ends in …{value[-SHOWN_CHARACTERS:]}" if len(value) >= SHORTEST_SHOWN else "Set"


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a saved form made different; of secrets only that they did."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    secrets_wiped: bool


class ConnectionForm(forms.Form):
    """Both for a new connection (`row` unsaved) and for one that stands."""

    def __init__(self, data: Any = None, *, row: Connection, brands: list[Brand], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.row, self.brands = row, brands
        self.kind: type[Connector] = CONNECTORS[row.platform]
        self._add_fields()

    # --- what it asks for -------------------------------------------------------------------------------------------
    def _add_fields(self) -> None:
        if self.row._state.adding and len(self.brands) > 1:
            choices = [(str(brand.pk), brand.name) for brand in self.brands]
            self.fields["brand"] = fields.choice(label="Brand", choices=choices)
        self.fields["name"] = fields.text(
            label="Name", max_length=80, help_text="What people call it. Cases and orders are told with this name."
        )
        self.fields["base_url"] = fields.text(
            label="Address", placeholder="https://…", help_text="Changing it wipes the keys: enter them again with it."
        )
        self.fields["timezone"] = fields.text(
            label="Time zone of its times",
            max_length=64,
            help_text="A name like Europe/London, for times that come without one.",
        )
        self.fields["credentials_expire_on"] = forms.DateField(
            label="Its key expires on",
            required=False,
            help_text="You are reminded in good time.",
            widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        )
        for setting in self.kind.settings:
            self.fields.update(self._setting_fields(setting))
        self._set_initial()

    def _setting_fields(self, setting: Setting) -> dict[str, forms.Field]:
        name = f"{_SETTING}{setting.name}"
        if setting.kind == "secret":
            return self._secret_fields(setting)
        if setting.kind == "integer":
            return {name: fields.integer(label=setting.label, help_text=setting.help, required=setting.required)}
        if setting.kind == "boolean":
            return {name: fields.yes_no(label=setting.label, help_text=setting.help)}
        if setting.kind == "choice":
            choices = list(setting.choices)
            return {name: fields.choice(label=setting.label, choices=choices, help_text=setting.help)}
        if setting.kind == "page":
            placeholder = f"https://…/{NUMBER}"
            return {
                name: fields.text(label=setting.label, help_text=setting.help, required=False, placeholder=placeholder)
            }
        return {name: fields.text(label=setting.label, help_text=setting.help, required=setting.required)}

    def _secret_fields(self, setting: Setting) -> dict[str, forms.Field]:
        held = self._held_secrets.get(setting.name)
        told = f"{secret_words(held)}. Leave empty to keep it. {setting.help}" if held else setting.help
        found: dict[str, forms.Field] = {
            f"{_SETTING}{setting.name}": fields.secret(label=setting.label, help_text=told)
        }
        if held and not setting.required:
            found[f"{_REMOVE}{setting.name}"] = fields.yes_no(label=f"Remove: {setting.label.lower()}")
        return found

    def _set_initial(self) -> None:
        row = self.row
        self.initial.update(name=row.name, base_url=row.base_url, timezone=row.timezone)
        if row.credentials_expire_at:
            self.initial["credentials_expire_on"] = row.credentials_expire_at.date()
        for setting in self._plain_settings:
            self.initial[f"{_SETTING}{setting.name}"] = row.settings.get(setting.name, setting.default)

    @property
    def _held_secrets(self) -> Mapping[str, str]:
        return {} if self.row._state.adding else (self.row.credentials or {})

    @property
    def _plain_settings(self) -> Iterator[Setting]:
        return (setting for setting in self.kind.settings if setting.kind != "secret")

    @property
    def _secret_settings(self) -> Iterator[Setting]:
        return (setting for setting in self.kind.settings if setting.kind == "secret")

    # --- what it takes ----------------------------------------------------------------------------------------------
    def clean_timezone(self) -> str:
        zone = str(self.cleaned_data["timezone"])
        if zone not in available_timezones():
            raise forms.ValidationError(f"{zone} is not a time zone. Use a name like Europe/London.")
        return zone

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        taken = Connection.objects.filter(name=name, brand__in=self.brands).exclude(pk=self.row.pk)
        if taken.exists():
            raise forms.ValidationError("Another connection has this name.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self._check_pages(cleaned)
        for setting in self._secret_settings:
            if setting.required and not self.secrets(cleaned).get(setting.name):
                self.add_error(f"{_SETTING}{setting.name}", self._lacking(cleaned))
        if not self.errors:
            self._check_usable(cleaned)
        return cleaned

    def _check_pages(self, cleaned: Mapping[str, Any]) -> None:
        allow_loopback = self.row.account().settings.get("sandbox") is True
        for setting in self.kind.settings:
            address = cleaned.get(f"{_SETTING}{setting.name}") if setting.kind == "page" else None
            if address and (fault := fault_of(str(address), allow_loopback=allow_loopback)):
                self.add_error(f"{_SETTING}{setting.name}", fault)

    def _lacking(self, cleaned: Mapping[str, Any]) -> str:
        if self.moves(cleaned):
            return "The address changed. Enter this again: a key is never sent to an address it was not given for."
        return "This is needed."

    def _check_usable(self, cleaned: Mapping[str, Any]) -> None:
        """What the connector itself refuses: an address that is none of its platform's, a key that cannot be sent."""
        draft = Connection(platform=self.row.platform, **self._values(cleaned))
        try:
            self.kind(draft.account(), gate=OpenGate())
        except (HubError, KeyError, ValueError) as error:
            words = error.message if isinstance(error, HubError) else "These settings do not fit together."
            self.add_error("base_url" if getattr(error, "code", "") == "base_url" else None, words)

    def moves(self, cleaned: Mapping[str, Any]) -> bool:
        """Whether the address of a connection that stands is another now."""
        stands = not self.row._state.adding
        return stands and str(cleaned.get("base_url", "")).rstrip("/") != self.row.base_url.rstrip("/")

    def secrets(self, cleaned: Mapping[str, Any]) -> dict[str, str]:
        """What is kept: typed now, else held before, unless the address changed or it is to be removed."""
        held = {} if self.moves(cleaned) else dict(self._held_secrets)
        for setting in self._secret_settings:
            if typed := cleaned.get(f"{_SETTING}{setting.name}"):
                held[setting.name] = typed
            elif cleaned.get(f"{_REMOVE}{setting.name}"):
                held.pop(setting.name, None)
        return held

    def _values(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        settings = dict(self.row.settings or {})
        for setting in self._plain_settings:
            value = cleaned.get(f"{_SETTING}{setting.name}")
            if value in (None, ""):
                settings.pop(setting.name, None)
            elif setting.name in settings or value != _default(setting):
                settings[setting.name] = value  # what was never set and stays the default is not written down
        return {
            "name": cleaned["name"],
            "base_url": cleaned["base_url"].rstrip("/"),
            "timezone": cleaned["timezone"],
            "credentials": self.secrets(cleaned),
            "settings": settings,
        }

    # --- saving -----------------------------------------------------------------------------------------------------
    def save(self, *, actor: str) -> Changed:
        row, cleaned = self.row, self.cleaned_data
        made, moved = row._state.adding, self.moves(cleaned)
        if made:
            chosen = {str(brand.pk): brand for brand in self.brands}.get(cleaned.get("brand", ""))
            row.brand = chosen or self.brands[0]
        before = {} if made else _told(row)
        secrets_before = dict(self._held_secrets)
        for name, value in self._values(cleaned).items():
            setattr(row, name, value)
        secret_changes = _secret_changes(secrets_before, row.credentials)
        if secret_changes:
            row.credentials_changed_at = ports.now()
        row.credentials_expire_at = _at_midnight(cleaned.get("credentials_expire_on"), row.timezone)
        with transaction.atomic():
            row.save()
            after = {**_told(row), **secret_changes}
            record_audit(
                actor=actor,
                action="connection.added" if made else "connection.changed",
                subject=row,
                brand=row.brand,
                before={name: value for name, value in before.items() if after.get(name) != value},
                after={name: value for name, value in after.items() if before.get(name) != value},
            )
        return Changed(before=before, after=after, secrets_wiped=moved)


def _default(setting: Setting) -> Any:
    return bool(setting.default) if setting.kind == "boolean" else setting.default


def _told(row: Connection) -> dict[str, Any]:
    expires = row.credentials_expire_at
    told = {"name": row.name, "address": row.base_url, "time zone": row.timezone}
    told["key expires"] = expires.date().isoformat() if expires else ""
    return {**told, **{f"setting {name}": value for name, value in row.settings.items()}}


def _secret_changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Which secrets were set, replaced or removed: never what they are."""
    names = dict.fromkeys([*before, *after])
    words = {(False, True): "set", (True, False): "removed", (True, True): "replaced"}
    return {
        f"secret {name}": words[bool(before.get(name)), bool(after.get(name))]
        for name in names
        if before.get(name) != after.get(name)
    }


def _at_midnight(day: Any, zone: str) -> datetime | None:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC) if day else None


def new_connection(platform: str) -> Connection:
    """An unsaved connection to start the form with."""
    return Connection(
        platform=platform, name="", base_url="", settings={}, timezone="UTC", state_changed_at=ports.now()
    )
