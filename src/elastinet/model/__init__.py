"""L0: the nouns, their ids, the state that holds them and what a change is."""
