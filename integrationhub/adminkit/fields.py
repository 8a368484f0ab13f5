"""The skin's look for the fields of plain forms."""

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)


def text(
    *, label: str, help_text: str = "", required: bool = True, max_length: int = 300, **attrs: str
) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(label=label, help_text=help_text, required=required, max_length=max_length, widget=widget)


def exact_text(*, label: str, help_text: str = "", required: bool = True, max_length: int = 255) -> forms.CharField:
    """A code that must stay as it was typed, spaces included."""
    field = text(label=label, help_text=help_text, required=required, max_length=max_length)
    field.strip = False
    return field


def paragraph(*, label: str, help_text: str = "", required: bool = True, max_length: int = 500) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})
    return forms.CharField(label=label, help_text=help_text, required=required, max_length=max_length, widget=widget)


def secret(*, label: str, help_text: str = "", required: bool = False) -> forms.CharField:
    """Write-only: what was typed is never sent back, not even when the form is shown again with a mistake."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
    return forms.CharField(label=label, help_text=help_text, required=required, strip=True, widget=widget)


def integer(*, label: str, help_text: str = "", required: bool = False) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help_text, required=required, widget=UnfoldAdminIntegerFieldWidget()
    )


def yes_no(*, label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False, widget=UnfoldBooleanSwitchWidget())


def choice(
    *, label: str, choices: list[tuple[str, str]], help_text: str = "", required: bool = True
) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, help_text=help_text, required=required, choices=choices, widget=UnfoldAdminSelectWidget()
    )
