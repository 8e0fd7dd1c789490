"""The closed set of operations a recipe may hold, one file each, found by file."""
