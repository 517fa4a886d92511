"""News, keywords and questions: what their sources have in common."""

import pytest

from harvest.sources import get

NEWS = ("gazeta", "xlsum", "mlsum")
ALL = (*NEWS, "lenta", "panorama", "russian_keywords", "gsm8k_ru", "pravo_israel")


@pytest.mark.parametrize("name", ALL)
def test_sources_say_what_they_are(name: str) -> None:
    source = get(name)
    assert not source.symmetric
    assert source.expected
    assert source.why
    assert source.note
    assert source.hub
    assert source.url.startswith("https://")
    assert source.languages == ("ru", "ru")
