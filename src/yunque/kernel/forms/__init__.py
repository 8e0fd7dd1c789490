"""The forms a fitted model may take on disk, one file each, found by file."""
