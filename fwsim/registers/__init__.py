"""What does this register mean, in which generation? Data, no behaviour."""
