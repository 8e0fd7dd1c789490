"""Mechanisms that know nothing about machine learning."""
