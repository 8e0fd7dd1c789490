"""Durable jobs: one table is the truth, a fence decides who may write, a child process does the work."""
