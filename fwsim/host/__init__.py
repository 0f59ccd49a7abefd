"""This room reads a real machine's dumps, tells what they agree on, and collects them."""
