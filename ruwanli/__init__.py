"""RuWANLI: new NLI examples in the pattern of hard old ones, written by a model, judged by people.

The core of the WANLI algorithm (Liu et al., Findings of EMNLP 2022, arXiv 2201.05955). Dataset
cartography is not part of this version: seeds are drawn evenly within a label, and the manifest
of `ruwanli.seeds` says so.
"""
