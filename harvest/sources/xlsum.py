"""XL-Sum, Russian: articles of the BBC, each with the sentence that sums it up."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.news import RELATIONS, news_pairs
from harvest.source import CONVERTED, Draft, HubFiles, Native, Source, Unusable

_PARQUET = "russian/train/*.parquet"
_FILES = (_PARQUET, "russian_train.jsonl")
_ARCHIVES = ("russian_XLSum_v*.tar.bz2",)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    return news_pairs(native, _FILES, _ARCHIVES)


SOURCE = Source(
    name="xlsum",
    title="XL-Sum, Russian",
    license="CC-BY-NC-SA-4.0",
    license_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
    url="https://github.com/csebuetnlp/xl-sum",
    citation=(
        "Hasan et al. XL-Sum: Large-Scale Multilingual Abstractive Summarization for 44 Languages. "
        "Findings of ACL 2021. arXiv:2106.13822"
    ),
    files=(*_FILES, *_ARCHIVES),
    relations=RELATIONS,
    symmetric=False,
    expected=124_486,
    counts=(124_486,),
    why="Twice the 62,243 rows of the train split, so nothing was left out.",
    # The main branch has a script and one archive a language; this branch has the tables.
    hub=(HubFiles("csebuetnlp/xlsum", (_PARQUET,), "refs/convert/parquet", unpinned=CONVERTED),),
    pairs=_pairs,
    note=(
        "Non-commercial research only; the texts belong to the BBC. Part of them comes from its "
        "Ukrainian site, where a language detector chose them: some may be Ukrainian."
    ),
)
