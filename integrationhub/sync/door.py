"""Platforms' deliveries pass before everything that guards the console: host names, redirects, sessions, cookies.

A platform knows the hub by whatever name it was given, follows no redirect, and may switch a webhook off that answers 4xx.
What guards this road is the signature on the raw bytes.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from integrationhub.sync.views import receive_webhook

DELIVERY = re.compile(r"/webhooks/([-\w]+)/?")  # as urls.py has it; a slash at the end is not insisted on


def deliveries_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the outermost one."""

    def answer(request: HttpRequest) -> HttpResponse:
        delivery = DELIVERY.fullmatch(request.path_info)
        return get_response(request) if delivery is None else receive_webhook(request, delivery[1])

    return answer
