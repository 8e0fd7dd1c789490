"""From a file as people have it to operations the law can read; what cannot be read is told cell by cell."""
