"""Russian Wikipedia, one sentence at a time."""

from collections.abc import Iterator

from harvest.reading.rows import read_rows
from harvest.source import Excerpt, HubFiles, Native, Source, Unusable

_FILES = ("articles.jsonl", "articles.jsonl.gz", "train-*.parquet")


def _texts(native: Native) -> Iterator[Excerpt | Unusable]:
    from razdel import sentenize

    for path in native.some(*_FILES):
        for row in read_rows(path, ("id", "title", "text")):
            article, title, number = row.text("id"), row.text("title"), 0
            if not native.takes(article):
                continue
            # A sentence never crosses a paragraph, and a heading has no full stop to end it.
            for paragraph in filter(str.strip, row.text("text").split("\n")):
                for span in sentenize(paragraph):
                    number += 1
                    yield Excerpt(f"{article}#{number}", span.text, title)
            if not number:
                row_shown = {"id": article, "title": title}
                yield Unusable(row_shown, "empty_text", f"{path.name} row {row.number}")


SOURCE = Source(
    name="wikipedia",
    title="Russian Wikipedia",
    license="CC-BY-SA-3.0",
    license_url="https://creativecommons.org/licenses/by-sa/3.0/",
    url="https://huggingface.co/datasets/wikimedia/wikipedia",
    citation="Wikimedia Foundation. Wikimedia Downloads, dump of 2023-11-01.",
    files=_FILES,
    hub=(
        HubFiles(
            "wikimedia/wikipedia",
            ("20231101.ru/train-*.parquet",),
            "b04c8d1ceb2f5cd4588862100d08de323dccfbaa",
        ),
    ),
    texts=_texts,
    note=(
        "1,945,063 articles, 4.9 GB to fetch whatever part of them `fraction` reads: the sample "
        "is drawn from all, because the files are in the order of age."
    ),
)
