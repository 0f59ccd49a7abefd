"""Waits that would not end are found, explained, and helped along where that was asked for."""
