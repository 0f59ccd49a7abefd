"""What a run leaves behind: summary, folder, pictures."""
