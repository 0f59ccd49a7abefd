"""A sweep places or runs every configuration of a matrix, one row each."""
