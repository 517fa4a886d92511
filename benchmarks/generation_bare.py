"""A bare loop of AsyncOpenAI: python -m benchmarks.generation_bare URL CALLS CONCURRENCY FOLDER."""

import asyncio
import sys
from typing import Any

import openai

from benchmarks.generation_texts import MAX_TOKENS, MODEL, TEMPERATURE, messages


async def main(url: str, calls: int, concurrency: int) -> None:
    """Make all calls and hold the texts; nothing is kept for another time."""
    texts: dict[int, str | None] = {}
    numbers = iter(range(calls))
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as api:

        async def worker() -> None:
            for number in numbers:
                asked: Any = messages(number)
                done = await api.chat.completions.create(
                    model=MODEL, messages=asked, temperature=TEMPERATURE, max_tokens=MAX_TOKENS
                )
                texts[number] = done.choices[0].message.content

        await asyncio.gather(*(worker() for _ in range(concurrency)))
    assert len(texts) == calls


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
