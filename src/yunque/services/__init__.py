"""Use cases, one verb a file; every way in calls them."""
