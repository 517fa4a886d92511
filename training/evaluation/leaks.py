"""Whether the encoder was trained on what it is measured on, from the harvest's own record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rupairs.manifest import Manifest


@dataclass(frozen=True)
class Leaks:
    """What `harvest.pairs` says of the benchmark files.

    `searched` is benchmark → texts; `found` is benchmark → pairs with a text of it, of all sources;
    `removed` says whether those pairs went or were only listed; `unsearched` are the files that
    are measured on and were not looked for.
    """

    searched: dict[str, int]
    found: dict[str, int]
    removed: bool
    unsearched: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Return what a reader of the scores should know."""
        said = []
        if self.searched:
            pairs, texts = sum(self.found.values()), sum(self.searched.values())
            went = "were removed before training" if self.removed else "were LISTED, NOT removed"
            said.append(
                f"Decontamination: {texts:,} texts of {len(self.searched)} benchmark files were "
                f"looked for in the harvested pairs; {pairs:,} hits {went}."
            )
        if self.unsearched:
            said.append(
                "NOT looked for in the harvested pairs: " + ", ".join(self.unsearched) + ". Set "
                "harvest.pairs.benchmarks to their folder."
            )
        return said


def leaks(manifest: Manifest | None, files: Iterable[str]) -> Leaks | None:
    """Return the record about `files`, which are measured on; None without a harvest."""
    if manifest is None:
        return None
    facts: Mapping[str, Any] = manifest.facts
    searched: dict[str, int] = facts.get("benchmarks", {})
    found: dict[str, int] = {}
    for counts in facts.get("leaks", {}).values():
        for benchmark, pairs in counts.items():
            found[benchmark] = found.get(benchmark, 0) + pairs
    names = {name.rpartition("/")[2] for name in searched}
    unsearched = sorted(f for f in files if f.rpartition(".")[0] not in names)
    removed = manifest.config.get("leaks") != "flag"
    return Leaks(dict(searched), dict(sorted(found.items())), removed, tuple(unsearched))
