"""MedNLI in Russian (RuMedNLI): does a statement about a patient follow from the case notes?

The notes are those of real patients. PhysioNet gives the files to credentialed people under an
agreement that forbids passing them on, so they are read from the person's own folder only.
"""

from collections.abc import Iterator

from harvest.reading.nli import Nli, nli_pairs
from harvest.source import Draft, Native, Source, Unusable

_FILE = "ru_mli_train_v1.jsonl"
_PAGE = "https://physionet.org/content/rumednli-russian-inference/1.0.0/"
_NLI = Nli(premise="ru_sentence1", hypothesis="ru_sentence2", label="gold_label", row="pairID")


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    return nli_pairs(native, (_FILE,), _NLI)


SOURCE = Source(
    name="mednli",
    title="RuMedNLI, the Russian MedNLI",
    license="LicenseRef-PhysioNet-Credentialed-Health-Data-1.5.0",
    license_url="https://github.com/MIT-LCP/license-and-dua",
    url=_PAGE,
    citation=(
        "Blinov et al. RuMedNLI: A Russian Natural Language Inference Dataset For The Clinical "
        "Domain (version 1.0.0). PhysioNet (2022). doi:10.13026/gxzd-cf80"
    ),
    files=(_FILE,),
    relations=_NLI.labels,
    expected=3_699,
    why=(
        "Whether USER-base took RuMedNLI or a translation of its own is not published; a third of "
        "the 11,232 train rows would be 3,744."
    ),
    access=(
        f"RuMedNLI is credentialed: become a credentialed user of PhysioNet, sign the data use "
        f"agreement at {_PAGE} and download {_FILE} there; the agreement forbids passing on the "
        "texts and what is made of them"
    ),
    pairs=_pairs,
    note="Never fetched, and never to be published: the texts are under a data use agreement.",
)
