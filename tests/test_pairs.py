import pyarrow as pa

from rupairs.pairs import PAIR_SCHEMA, Pair, group_id, pair_id


def pair(query: str, passage: str, *, symmetric: bool = True) -> Pair:
    return Pair(
        query=query,
        passage=passage,
        relation="paraphrase",
        polarity=1,
        symmetric=symmetric,
        group_id=group_id(query),
        source="s",
        source_revision="1",
        source_row="0",
        license="CC0-1.0",
    )


def test_id_is_free_of_order_only_when_symmetric() -> None:
    assert pair("Кот спит.", "Кот дремлет.").pair_id == pair("кот дремлет", "кот спит!").pair_id
    one, other = (pair(a, b, symmetric=False) for a, b in (("а", "б"), ("б", "а")))
    assert one.pair_id != other.pair_id


def test_id_does_not_know_relation_so_that_sources_can_disagree() -> None:
    assert pair("а", "б").pair_id == pair_id("а", "б", symmetric=True)


def test_row_fits_the_schema() -> None:
    table = pa.Table.from_pylist([pair("а", "б").row()], schema=PAIR_SCHEMA)
    assert table.schema.equals(PAIR_SCHEMA)
    assert table.to_pylist()[0]["query"] == "а"
