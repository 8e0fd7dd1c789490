"""Exact evaluation of fitted models from flat arrays, without the libraries that trained them."""
