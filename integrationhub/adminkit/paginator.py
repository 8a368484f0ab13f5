"""Counting without counting everything: an exact COUNT(*) over a big table is what makes an admin list slow."""

from functools import cached_property

from django.core.paginator import Paginator

COUNT_CAP = 2_000  # nobody leafs further; whoever looks for one row searches or filters


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to COUNT_CAP rows; the pages end there, and the list says that there are more."""

    template_name = "console/pagination.html"  # the skin asks for it

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if hasattr(rows, "order_by"):  # the limit makes the database stop counting
            return int(rows.order_by()[: COUNT_CAP + 1].count())
        return len(rows)

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNT_CAP)

    @property
    def more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._counted > COUNT_CAP

    @property
    def count_words(self) -> str:
        """ "37", "1,204"; "more than 2,000"."""
        return f"more than {COUNT_CAP:,}" if self.more else f"{self.count:,}"
