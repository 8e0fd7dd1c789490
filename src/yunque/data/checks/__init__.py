"""The checks of `data.findings`, one file each, found by file; a file ends with CHECK = Check(...)."""
