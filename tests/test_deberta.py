from pathlib import Path
from typing import Any

import pytest
import torch

from rupairs.deberta import fit_half_precision
from rupairs.encoder import load_transformer

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
RELATIVE = {
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "max_relative_positions": 64,
}


@pytest.fixture
def deberta() -> Any:
    from transformers import DebertaConfig, DebertaModel

    torch.manual_seed(0)
    config = DebertaConfig(vocab_size=100, intermediate_size=64, **SIZES, **RELATIVE)
    return DebertaModel(config).eval()


def computed(model: Any, *, bf16: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the vectors of a padded batch, and the gradient of a bias of the attention."""
    given = torch.arange(36).reshape(3, 12)
    mask = torch.ones_like(given)
    mask[0, 8:] = 0
    model.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        vectors = model(given, attention_mask=mask).last_hidden_state.float()
    (vectors[..., 0] * mask).sum().backward()
    bias = model.encoder.layer[0].attention.self.q_bias
    assert bias.dtype == torch.float32
    return vectors.detach(), bias.grad.clone()


def test_deberta_computes_in_half_precision(deberta: Any) -> None:
    exact, gradient = computed(deberta, bf16=False)
    with pytest.raises(RuntimeError, match="without overflow"):
        computed(deberta, bf16=True)
    names = list(deberta.state_dict())
    fit_half_precision(deberta)
    rounded, its_gradient = computed(deberta, bf16=True)
    assert (rounded - exact).abs().max() < 0.02 < exact.abs().mean()
    assert (its_gradient - gradient).norm() < 0.02 * gradient.norm()
    assert list(deberta.state_dict()) == names
    again, _ = computed(deberta, bf16=False)
    assert torch.equal(again, exact)


def test_a_fault_leaves_the_biases_as_they_were(deberta: Any) -> None:
    fit_half_precision(deberta)
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises((RuntimeError, ValueError)):
        deberta(torch.arange(4).reshape(1, 4), attention_mask=torch.ones(1, 7))
    attention = deberta.encoder.layer[0].attention.self
    assert attention.q_bias is attention._parameters["q_bias"]


def test_other_encoders_are_left_alone(tiny_encoder: Path) -> None:
    model = load_transformer(str(tiny_encoder))
    assert not any(module._forward_pre_hooks for module in model.modules())
