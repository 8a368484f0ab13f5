from integrationhub.catalogue.flows.listings import wishes_of
from tests import factories


def test_what_a_channel_wants_is_asked_for_only_where_it_can_be_asked(db: None) -> None:
    brand = factories.make_brand()
    northgate = factories.make_marketplace(brand)
    warehouse = factories.make_fulfil(brand)
    assert [job.flow for job in wishes_of(northgate)] == ["read_attributes"]
    assert wishes_of(warehouse) == []
