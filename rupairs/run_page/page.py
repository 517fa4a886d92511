"""`report.html`: a whole run on one page, made from its manifests, Parquet files and plots.

What is absent or damaged is said. The page loads nothing and asks no clock: the same directories
give the same page.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from rupairs.embedded.assets import GEMMA_270M
from rupairs.manifest import FileFacts, Manifest, ModelFacts
from rupairs.page import png_address, render
from rupairs.run_page import facts
from rupairs.run_page.samples import Sample, sample
from rupairs.run_page.states import State, state_of_run
from rupairs.store import DROPPED

PAGE = "report.html"
_TEMPLATE = Path(__file__).with_name("run.html.jinja")
_EMBEDDED = GEMMA_270M.name
_CARDS = ("README.md", "README.ru.md", "croissant.json")
# Where a release has its rows; votes and triplets stand beside them.
_OWN_FOLDERS = (".", "data")
_ROWS_OF_STEP, _ROWS_OF_RELEASE = 3, 5


@dataclass(frozen=True)
class Section:
    """What the page shows of one finished step; `plots` is name → address of the picture."""

    state: State
    manifest: Manifest
    links: dict[str, str]
    plots: dict[str, str]
    samples: list[Sample]

    @property
    def release(self) -> facts.Release:
        """Return what a release says of itself."""
        return facts.shaped(facts.Release, self.manifest)

    @property
    def losses(self) -> facts.Losses:
        """Return the losses of a training run."""
        return facts.shaped(facts.Losses, self.manifest)

    @property
    def chart(self) -> facts.Chart | None:
        """Return the curve of those losses."""
        return facts.chart(self.losses)

    @property
    def scores(self) -> list[tuple[str, float, float]]:
        """Return (measure, before, after)."""
        return facts.differences(self.manifest)


def write_page(run: Path) -> Path:
    """Write the page of a run into its folder; `UsageError` if the folder is no run."""
    text = _page(run)
    path = run / PAGE
    partial = path.with_name(f".{PAGE}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return path


def _page(run: Path) -> str:
    found = state_of_run(run)
    shown: set[str] = set()
    sections = [_section(run, state, shown) for state in found.steps]
    made = found.manifests
    finished = sorted(state.finished for state in found.steps if state.finished)
    return render(
        _TEMPLATE,
        name=found.name,
        recipe_fault=found.recipe_fault,
        states=found.steps,
        sections=[section for section in sections if section],
        seeds=sorted({m.seed for m in made}),
        versions=sorted({m.versions.get("rupairs", "not stated") for m in made}),
        libraries=_libraries(made),
        begun=finished[0] if finished else None,
        ended=finished[-1] if finished else None,
        seconds=sum(m.seconds for m in made),
        models=_models(made),
        embedded=_EMBEDDED,
        bars=facts.bars(found.steps),
        reasons=facts.reasons,
    )


def _models(made: list[Manifest]) -> list[ModelFacts]:
    found: list[ModelFacts] = []
    for manifest in made:
        found += [model for model in manifest.models if model not in found]
    return found


def _libraries(made: list[Manifest]) -> dict[str, str]:
    """Return the versions that decided what was written, all that took part."""
    found: dict[str, set[str]] = {}
    for manifest in made:
        for name, version in manifest.versions.items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(several)) for name, several in found.items()}


def _section(run: Path, state: State, shown: set[str]) -> Section | None:
    """Return what a finished step shows; `shown` are hashes of plots that stand on the page."""
    manifest = state.manifest
    if manifest is None:
        return None
    pages = [n for n in manifest.files if n.endswith(".html")]
    names = [n for n in ("report.md", *pages, *_CARDS) if (run / state.folder / n).is_file()]
    plots: dict[str, str] = {}
    for name, of in manifest.files.items():
        if name.endswith(".png") and of.sha256 not in shown:
            shown.add(of.sha256)
            plots[name] = _picture(run / state.folder / name)
    return Section(
        state,
        manifest,
        {name: quote(f"{state.folder}/{name}") for name in names},
        plots,
        _samples(run, state, manifest),
    )


def _picture(path: Path) -> str:
    try:
        return png_address(path.read_bytes())
    except OSError:
        return ""


def _samples(run: Path, state: State, manifest: Manifest) -> list[Sample]:
    """Return rows of a release's configs, or those that another step kept and dropped."""
    tables = {n: of for n, of in manifest.files.items() if n.endswith(".parquet") and of.rows}
    count = _ROWS_OF_RELEASE if state.is_release else _ROWS_OF_STEP
    chosen = _largest(tables) if state.is_release else _kept_and_dropped(tables)
    return [sample(run / state.folder, name, count, name != DROPPED) for name in chosen]


def _kept_and_dropped(tables: dict[str, FileFacts]) -> list[str]:
    parts = {name: of for name, of in tables.items() if name.startswith("part-")}
    return [*_largest(parts), *([DROPPED] if DROPPED in tables else [])]


def _largest(tables: dict[str, FileFacts]) -> list[str]:
    """Return the file with the most rows of every folder, the data itself before what is of it."""
    most: Counter[str] = Counter()
    largest: dict[str, str] = {}
    for name, of in tables.items():
        folder = str(PurePosixPath(name).parent)
        if (of.rows or 0) > most[folder]:
            most[folder], largest[folder] = of.rows or 0, name
    folders = sorted(largest, key=lambda folder: folder not in _OWN_FOLDERS)
    return [largest[folder] for folder in folders]
