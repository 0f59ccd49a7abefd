"""What do a real machine's dumps say? Reads them, tells what they agree on, and collects them."""
