"""RuWANLI: new NLI examples in the pattern of hard old ones, written by a model, judged by people.

The WANLI algorithm (Liu et al., Findings of EMNLP 2022, arXiv 2201.05955): a classifier's training
dynamics show which rows are ambiguous, and the model goes on in the pattern of those.
"""
