"""How an order stands, as far as decisions hang on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from connectors.base import Capability
from connectors.canonical.orders import TargetState
from connectors.registry import CONNECTORS
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import promises
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an order stands, as far as decisions hang on it. Read once for the page, and again under the lock."""

    order: SoldOrder
    lines: list[SoldLine]  # those still wanted
    held: Mapping[str, int]  # our SKU → units reserved for it
    open_jobs: list[SyncJob]
    manual_case: int | None = None

    @property
    def unmapped(self) -> list[str]:
        return sorted({line.sku for line in self.lines if not line.target_sku})

    @property
    def uncovered(self) -> list[str]:
        """Our SKUs that are neither alive where it is fulfilled nor reserved."""
        if self.order.target_external_id and self.order.target_created_at is not None:
            return ["it was cancelled there"] if self.order.target_state == TargetState.CANCELLED.value else []
        wanted: dict[str, int] = {}
        for line in self.lines:
            if line.target_sku:
                wanted[line.target_sku] = wanted.get(line.target_sku, 0) + line.quantity
        return sorted(sku for sku, units in wanted.items() if self.held.get(sku, 0) < units)

    def is_under_way(self, *flows: str) -> bool:
        return any(job.flow in flows and job.state not in WAITING_STATES for job in self.open_jobs)

    @property
    def waiting_jobs(self) -> list[SyncJob]:
        return [job for job in self.open_jobs if job.state in WAITING_STATES]

    def can(self, capability: Capability) -> bool:
        connector = CONNECTORS.get(self.order.link.source.platform)
        return connector is not None and connector.capabilities[capability]

    @property
    def sold_by_a_shop(self) -> bool:
        connector = CONNECTORS.get(self.order.link.source.platform)
        return connector is not None and connector.is_shop()

    @property
    def source_cancels_by_asking(self) -> bool:
        connector = CONNECTORS.get(self.order.link.source.platform)
        return connector is not None and connector.cancels_by_asking


def standing_of(order: SoldOrder, *, jobs: Collection[SyncJob] | None = None) -> Standing:
    """`jobs`: the order's, where they have been read already."""
    key = order_key(order.link_id, order.reference)
    if jobs is None:
        jobs = SyncJob.objects.filter(serial_key=key).exclude(state__in=TERMINAL_STATES)
    cases = ExceptionCase.objects.unresolved().filter(
        brand=order.brand_id, cause="manual", object_key=f"order:{order.pk}"
    )
    return Standing(
        order=order,
        lines=[line for line in order.lines.all() if not line.cancelled],
        held=promises.held(order.link_id, order.reference),
        open_jobs=[job for job in jobs if job.state not in TERMINAL_STATES],
        manual_case=cases.values_list("pk", flat=True).first(),
    )
