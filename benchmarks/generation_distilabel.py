"""distilabel: python generation_distilabel.py URL CALLS CONCURRENCY FOLDER, in its environment.

A batch is sent at once and the next one waits for the whole of it, so the batch is what others call
concurrency.
"""

import sys

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from generation_texts import MAX_TOKENS, MODEL, SYSTEM, TEMPERATURE, user


def main(url: str, calls: int, concurrency: int, folder: str) -> None:
    """Make all calls, or those its cache in the folder lacks."""
    rows = [{"instruction": user(number)} for number in range(calls)]
    with Pipeline(name="benchmark", cache_dir=folder) as pipeline:
        load = LoadDataFromDicts(name="load", data=rows, batch_size=concurrency)
        llm = OpenAILLM(
            model=MODEL,
            base_url=url,
            api_key="none",
            max_retries=0,
            generation_kwargs={"temperature": TEMPERATURE, "max_new_tokens": MAX_TOKENS},
        )
        write = TextGeneration(
            name="write", llm=llm, system_prompt=SYSTEM, input_batch_size=concurrency
        )
        load >> write
    made = pipeline.run(use_cache=True)["default"]["train"]
    assert sum(text is not None for text in made["generation"]) == calls


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
