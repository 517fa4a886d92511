"""RuHNP: for every Wikipedia sentence, paraphrases and hard non-paraphrases by a language model."""
