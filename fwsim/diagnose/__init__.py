"""A user's own data, whatever he has of it, becomes findings: what is wrong, which line shows it, what to change."""
