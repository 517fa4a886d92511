"""datatrove's MinHash on the documents, in an environment of its own; imports nothing from here.

`python harvest_datatrove.py DOCUMENTS OUT SETTINGS.json`: its four stages, the first and the last
on the same input and with the same number of tasks; writes the numbers of the documents that go.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415
    from datatrove.executor import LocalPipelineExecutor  # noqa: PLC0415
    from datatrove.pipeline.dedup import (  # noqa: PLC0415
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig  # noqa: PLC0415
    from datatrove.pipeline.readers import ParquetReader  # noqa: PLC0415
    from datatrove.pipeline.writers import ParquetWriter  # noqa: PLC0415

    documents, out = sys.argv[1:3]
    settings = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    language, workers = settings.pop("language"), settings.pop("workers")
    config = MinhashConfig(**settings)

    def read() -> ParquetReader:
        return ParquetReader(documents, glob_pattern="*.parquet", text_key="text", id_key="doc")

    stages = (
        ([read(), MinhashDedupSignature(f"{out}/signatures", config, language)], workers),
        (
            [MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config)],
            config.num_buckets,
        ),
        ([MinhashDedupCluster(f"{out}/buckets", f"{out}/remove", config=config)], 1),
        (
            [read(), MinhashDedupFilter(f"{out}/remove"), ParquetWriter(f"{out}/kept")],
            workers,
        ),
    )
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=workers, logging_dir=f"{out}/logs/{number}"
        ).run()
    kept: set[int] = set()
    for path in Path(out, "kept").glob("*.parquet"):
        kept.update(int(i) for i in pq.read_table(path, columns=["id"])["id"].to_pylist())
    total = json.loads(Path(documents).with_name("count.json").read_text(encoding="utf-8"))
    gone = [number for number in range(total) if number not in kept]
    Path(out, "gone.json").write_text(json.dumps(gone), encoding="utf-8")


if __name__ == "__main__":
    main()
