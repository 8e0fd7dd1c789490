"""Ready-made solutions, one folder each, found by folder."""
