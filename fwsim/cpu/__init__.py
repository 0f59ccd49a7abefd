"""Run this code: the only room that imports unicorn."""
