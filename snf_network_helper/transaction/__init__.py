"""Bring up and take down: as a whole, undone as a whole."""
