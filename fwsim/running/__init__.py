"""The pipeline of a run: POST, calls, pictures, summary, checks."""
