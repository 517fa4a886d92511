"""One way to ask a language model: tasks, prompt styles, a replay log, one client."""
