"""MPI over several instances by Open MPI: one launch, its files in the instances, and its measurements."""
