"""Why vLLM did not start: the one line of its log that says so, and what can be done."""

import os
import re

# Each process writes its own prefix: (EngineCore pid=7) ERROR 11-23 16:39:52 [core.py:1510]
_PREFIX = re.compile(r"^\(\w[^)]* pid=\d+\) (?:[A-Z]+ \d\d-\d\d [\d:]+ \[[^]]*\] ?)?")
_RAISED = re.compile(
    r"^\s*(?:[\w.]*(?:Error|Exception|Interrupt)\b: |Value error, |\S+: error: )(.+)"
)
# Errors that only say another process has failed, or how many lines of errors follow.
_WRAPPERS = re.compile(r"root cause|stack trace above|^\d+ validation errors? for")
_REMEDIES = (
    (
        re.compile(r"out of memory|[Mm]emory .*less than|No available memory|KV cache is needed"),
        "take a smaller or quantised model, or lower max_model_len or --max-num-seqs",
    ),
    (
        re.compile(r"gated|is restricted|40[13] Client Error"),
        "accept the model's terms on the Hub and set HF_TOKEN",
    ),
    (
        re.compile(r"outgoing traffic|couldn't connect|offline"),
        "the model is not in the Hub's cache, and the Hub is out of reach or HF_HUB_OFFLINE is set",
    ),
    (
        re.compile(r"not a valid model|Invalid repository|Repo id must|Repository Not Found"),
        "check the model's id, or the path of its folder",
    ),
    (
        re.compile(r"No module named 'ray'"),
        'server = "ray" needs ray[data] in vLLM\'s environment (docs/serving.md)',
    ),
)
# Python's last words on shared memory that a killed process left, which is then freed.
_NOISE = re.compile(r"resource_tracker|warnings\.warn")
_LOOKED_AT = 500
_LONGEST = 400
_LAST_LINES = 3


def find_cause(log: str) -> str:
    """Return what a log of vLLM says went wrong, in one line; secrets are blotted out."""
    lines = [_PREFIX.sub("", line).rstrip() for line in log.splitlines()[-_LOOKED_AT:]]
    raised = [m[1] for m in map(_RAISED.match, lines) if m]
    roots = [message for message in raised if not _WRAPPERS.search(message)] or raised
    if roots:
        cause = roots[-1][:_LONGEST]
    else:
        said = [x.strip() for x in lines if x.strip() and not _NOISE.search(x)]
        cause = " | ".join(said[-_LAST_LINES:])[-_LONGEST:]
    for name in ("HF_TOKEN", "VLLM_API_KEY"):
        if secret := os.environ.get(name):
            cause = cause.replace(secret, "***")
    remedy = next((text for pattern, text in _REMEDIES if pattern.search(cause)), "")
    return ": ".join(part for part in (cause.rstrip(" .:"), remedy) if part) or "its log is empty"
