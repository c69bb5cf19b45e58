"""From a state to the objects of a desired network. Pure."""
