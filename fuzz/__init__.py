"""Fuzzing of everything that reads a text or a file; `python -m fuzz`."""
