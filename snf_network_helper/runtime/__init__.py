"""The files below /run: directories, locks, and who uses what is shared."""
