"""What was done, and for whom."""
