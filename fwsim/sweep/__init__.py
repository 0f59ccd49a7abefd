"""A sweep places or runs a matrix of configurations: one row each."""
