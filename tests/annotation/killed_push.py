"""A push to a server in a process of its own, to be killed. Arguments: run folder, URL, project."""

import sys
from pathlib import Path

from annotation import projects
from annotation.push import push
from annotation.stage import CANDIDATES, STAGE
from rupairs.progress import Progress
from rupairs.recipe import validate
from rupairs.steps import Context
from rupairs.store import StageReader


def main(run: str, url: str, project: str) -> None:
    projects._CHUNK = 10
    folder = Path(run)
    out = folder / "killed"
    out.mkdir()
    settings = {"push": {"url": url, "project": project, "overlap": 1}}
    sections = {"annotation": STAGE.section}
    recipe = validate(
        folder / "recipe.toml", {"run": {"seed": 0}, "annotation": settings}, sections
    )
    step = next(s for s in STAGE.steps if s.name == "annotation.push")
    inputs = {CANDIDATES: StageReader(folder / CANDIDATES.replace(".", "/"))}
    section = recipe.sections["annotation"]
    push(Context(step, folder, out, recipe, section, Progress(), inputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
