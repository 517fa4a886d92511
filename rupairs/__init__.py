"""The core every stage stands on: pair schema, store, manifest, text keys, LLM client, recipes."""

__version__ = "0.1.0"
