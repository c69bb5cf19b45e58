"""Run a command inside a guest and wait for its end: what `exec` and `shell` use."""
