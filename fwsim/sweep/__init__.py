"""What comes of many configurations? A matrix of them, placed or run, one row each."""
