"""text-dedup on the documents, in an environment of its own; imports nothing of this project.

`python harvest_text_dedup.py DOCUMENTS OUT SETTINGS.json`; writes the numbers of those that go.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    from datasets import load_from_disk  # noqa: PLC0415
    from text_dedup.config.base import load_config_from_toml  # noqa: PLC0415
    from text_dedup.minhash import main as deduplicate  # noqa: PLC0415

    documents, out = Path(sys.argv[1]), Path(sys.argv[2])
    settings = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(str(p) for p in documents.glob("*.parquet"))
    sections: dict[str, dict[str, Any]] = {
        "input": {"input_type": "local_files", "file_type": "parquet"},
        "input.read_arguments": {"path": "parquet", "split": "train", "data_files": files},
        "algorithm": {"algorithm_name": "minhash", "text_column": "text", **settings},
        "output": {"output_dir": str(out / "kept"), "skip_filtering": False},
        "debug": {},
    }
    config = out / "config.toml"
    # JSON strings, numbers, booleans and lists are TOML as well.
    lines = [
        f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items())
        for name, values in sections.items()
    ]
    config.write_text("\n".join(lines), encoding="utf-8")
    deduplicate(load_config_from_toml(config))
    kept = {int(number) for number in load_from_disk(str(out / "kept"))["doc"]}
    total = json.loads((documents.parent / "count.json").read_text(encoding="utf-8"))
    gone = [number for number in range(total) if number not in kept]
    (out / "gone.json").write_text(json.dumps(gone), encoding="utf-8")


if __name__ == "__main__":
    main()
