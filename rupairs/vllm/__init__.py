"""vLLM as a server of the toolkit: in an environment of its own, sized, supervised, restarted."""
