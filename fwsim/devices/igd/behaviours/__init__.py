"""What does each family's display hardware do by itself? One file a topic; ``table`` says which family has what."""
