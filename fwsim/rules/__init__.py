"""Rules judge a placement or a run."""
