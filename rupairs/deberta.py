"""DeBERTa v1, the kind of `deepvk/deberta-v1-base`, in half precision.

Its attention adds two biases in float32 to what autocast computes in bf16: the queries come out in
float32, the scores in bf16, and the mask's least float32 has no place among those (transformers
5.23: "value cannot be converted to type c10::BFloat16 without overflow").
"""

from typing import Any

_BIASES = ("q_bias", "v_bias")


def fit_half_precision(model: Any) -> None:
    """Have DeBERTa's attention see its biases in autocast's type; other models are left alone."""
    for module in model.modules():
        if type(module).__name__ == "DisentangledSelfAttention" and all(
            name in module._parameters for name in _BIASES
        ):
            module.register_forward_pre_hook(_cast)
            module.register_forward_hook(_restore, always_call=True)


def _cast(module: Any, _: Any) -> None:
    import torch

    device = module.q_bias.device.type
    if torch.is_autocast_enabled(device):
        # An attribute hides the parameter of its name, which still gets the gradient.
        for name in _BIASES:
            bias = module._parameters[name]
            module.__dict__[name] = bias.to(torch.get_autocast_dtype(device))


def _restore(module: Any, *_: Any) -> None:
    for name in _BIASES:
        module.__dict__.pop(name, None)
