"""A tiny random chat model made on the spot, small enough for vLLM on a CPU to start in seconds."""

from itertools import product
from pathlib import Path
from typing import Any

_WHO = ("Смотритель маяка", "Старый мельник", "Дежурный врач", "Ученица лицея", "Капитан парома")
_WHAT = ("чинит насос", "ждёт почту", "пишет отчёт", "кормит голубей", "проверяет счётчики")
_WHEN = ("по вторникам", "до рассвета", "после обеда", "каждую зиму", "в пять часов")
_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Random weights never close a string: these tokens are made likelier, so that a text ends within
# some twenty tokens.
_LIKELY = {'"': 4.5, "\n": 4.5}


def write_model(folder: Path, chat: bool = True, width: int = 128, layers: int = 2) -> Path:
    """Write a random Qwen2 with its tokenizer; `chat` gives it a template."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    tokenizer = _tokenizer(chat)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,  # vLLM's CPU attention needs heads of at least 32
        num_key_value_heads=1,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"),
        dtype="float32",
    )
    model = Qwen2ForCausalLM(config)
    _favour(model, {tokenizer.encode(text)[0]: bias for text, bias in _LIKELY.items()})
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _favour(model: Any, biases: dict[int, float]) -> None:
    """Add to the logits of some tokens: one dimension, constant in every state, carries it."""
    import torch

    with torch.no_grad():
        model.model.embed_tokens.weight[:, 0] = 10.0
        model.lm_head.weight[:, 0] = 0.0
        # The final norm makes the constant dimension about the square root of the width.
        reach = model.config.hidden_size**0.5
        for token, bias in biases.items():
            model.lm_head.weight[token, 0] = bias / reach


def _tokenizer(chat: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=800,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [f"{who} {what} {when}." for who, what, when in product(_WHO, _WHAT, _WHEN)]
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    if chat:
        fast.chat_template = _TEMPLATE
    return fast
