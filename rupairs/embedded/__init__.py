"""The offline stand-ins: a small LLM and a small encoder carried by third-party data packages."""
