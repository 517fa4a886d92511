"""Releases: folders that `datasets` and `sentence-transformers` open, with cards from manifests."""
