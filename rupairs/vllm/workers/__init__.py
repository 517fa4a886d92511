"""Scripts for the python of vLLM's environment, which has vLLM and not the toolkit."""
