"""Reading the native files of a source as the harvest does, with every row accounted for."""

from pathlib import Path

from harvest.checks import Terms, check_pairs
from harvest.source import Native, Unusable
from harvest.sources import get
from harvest.stage import RowsSection, TextsSection
from harvest.texts import _batches as text_batches
from harvest.texts import check_excerpts
from harvest.unify import _batches
from rupairs.errors import RupairsError
from rupairs.pairs import PAIR_SCHEMA
from rupairs.store import StageWriter
from tests.fuzz.damage import promptly


def read(name: str, folder: Path, files: dict[str, bytes]) -> int | None:
    """Read and check the rows of a source as the harvest does; return how many there were.

    None where a file was refused, which must be by its name.
    """
    paths = {file: folder / file for file in files}
    for file, content in files.items():
        paths[file].write_bytes(content)
    source = get(name)
    found = Native(name, str(folder), paths, "files", source.license)
    unusable: list[Unusable] = []
    with promptly():
        try:
            if source.pairs:
                terms = Terms.of(source, found, RowsSection())
                tables = [check_pairs(t, terms) for t in _batches(source.pairs(found), unusable)]
            else:
                assert source.texts
                terms = Terms.of(source, found, TextsSection())
                pieces = text_batches(source.texts(found), unusable)
                tables = [check_excerpts(t, terms) for t in pieces]
        except RupairsError as error:
            # A member of an archive is named by both, wherever it was unpacked.
            places = [f if f.endswith(".zip") else str(path) for f, path in paths.items()]
            assert any(place in str(error) for place in places), error
            return None
        for table in tables:
            table.validate(full=True)
        # Whatever a row holds can be kept beside the dropped ones.
        with StageWriter(folder, PAIR_SCHEMA) as writer:
            for item in writer.each(unusable):
                writer.drop(item.row, item.reason, item.evidence)
    return sum(table.num_rows for table in tables) + len(unusable)
