"""Job kinds of the tests, found by file as those of the product are."""
