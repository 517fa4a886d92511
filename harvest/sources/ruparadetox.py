"""RuParaDetox: toxic comments and what people made of them in polite words."""

from collections.abc import Iterator

from harvest.reading.rows import column_names, read_rows
from harvest.source import Draft, HubFiles, Native, Source, Unusable

# The shared task's own files, up to three rewrites a row, and the flat list on the Hub.
_UPSTREAM = ("toxic_comment", ("neutral_comment1", "neutral_comment2", "neutral_comment3"))
_FLAT = ("ru_toxic_comment", ("ru_neutral_comment",))


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    for path in native.some("train.tsv"):
        toxic, neutral = _FLAT if _FLAT[0] in column_names(path) else _UPSTREAM
        for row in read_rows(path, (toxic, *neutral)):
            # An empty cell is a place for a rewrite nobody wrote, unless all are empty.
            written = [(n, row.text(c)) for n, c in enumerate(neutral, 1) if row.text(c).strip()]
            if not written:
                yield Unusable(row.values, "no_rewrite", f"{path.name} row {row.number}")
            for n, rewrite in written:
                yield Draft(f"{row.number}.{n}", row.text(toxic), rewrite, "detoxified")


SOURCE = Source(
    name="ruparadetox",
    title="RuParaDetox",
    license="openrail++",
    license_url="https://huggingface.co/datasets/s-nlp/ru_paradetox",
    url="https://github.com/s-nlp/russe_detox_2022",
    citation=(
        "Dementieva et al. RUSSE-2022: Findings of the First Russian Detoxification Shared Task "
        "Based on Parallel Corpora. Dialogue 2022."
    ),
    files=("train.tsv",),
    relations=("detoxified",),
    expected=11_090,
    counts=(11_090,),
    why="The train split has as many rewrites; those that change nothing but a mark are dropped.",
    hub=(
        HubFiles("s-nlp/ru_paradetox", ("train.tsv",), "f730729fd0fd880c7715b0a1b08a46b313b84312"),
    ),
    pairs=_pairs,
    note="Holds profanity. The license is that of the Hub copy; the repository states none.",
)
