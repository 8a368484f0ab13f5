"""What every platform's connector must do with returns that it announces or receives, against its sandbox."""

from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar

import pytest

from connectors.base import Connector, Page
from connectors.canonical.errors import DataError
from connectors.canonical.returns import ReturnState
from connectors.sandboxkit import Sandbox
from tests.connectors.conformance import START, ReadSuite, all_pages, records_of


class ReadsReturnsSuite(ReadSuite):
    page_size: ClassVar[int]
    no_such_return: ClassVar[str]  # an id as the platform spells them

    @abstractmethod
    def send_back(self, sandbox: Sandbox, count: int) -> dict[str, str]:
        """So many returns announced at START, of one unit each: their ids, and of each its order's number."""

    def fetch(self, connector: Connector) -> list[Page]:
        window = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(hours=1)}
        return all_pages(lambda token: connector.fetch_returns(**window, token=token))

    def read(self, connector: Connector) -> object:
        return self.fetch(connector)

    def test_where_nothing_comes_back_the_reading_ends(self, connector: Connector) -> None:
        assert records_of(self.fetch(connector)) == []

    def test_every_return_is_read_over_however_many_pages(self, connector: Connector, sandbox: Sandbox) -> None:
        announced = self.send_back(sandbox, self.page_size + 1)

        records = records_of(self.fetch(connector))

        assert {record.external_id: record.order_external_id for record in records} == announced
        assert {record.kind for record in records} == {"return"}

    def test_every_record_can_be_read_as_the_return_it_names(self, connector: Connector, sandbox: Sandbox) -> None:
        self.send_back(sandbox, 2)

        for record in records_of(self.fetch(connector)):
            found = connector.parse_return(record.payload)
            assert (found.external_id, found.order_external_id) == (record.external_id, record.order_external_id)
            assert found.state is ReturnState.REQUESTED
            assert [(line.requested, line.received, line.restocked) for line in found.lines] == [(1, 0, 0)]
            assert all(line.line_id and line.order_line_id for line in found.lines)
            assert found.created_at == START

    def test_one_return_is_read_as_the_list_shows_it(self, connector: Connector, sandbox: Sandbox) -> None:
        self.send_back(sandbox, 2)

        for record in records_of(self.fetch(connector)):
            alone = connector.fetch_return(record.external_id)
            assert alone is not None
            assert connector.parse_return(alone.payload) == connector.parse_return(record.payload)
            assert (alone.kind, alone.order_external_id) == (record.kind, record.order_external_id)

    def test_a_return_that_is_not_there_is_none(self, connector: Connector) -> None:
        assert connector.fetch_return(self.no_such_return) is None

    @pytest.mark.parametrize("payload", [None, [], {}, {"id": 7, "lineItems": 1, "return_lines": 1}])
    def test_what_is_no_return_is_refused_with_its_fields(self, connector: Connector, payload: object) -> None:
        with pytest.raises(DataError) as caught:
            connector.parse_return(payload)

        assert caught.value.problems
