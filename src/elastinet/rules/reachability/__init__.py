"""Whether packets get from one place to another and back, and all that stands in their way."""
