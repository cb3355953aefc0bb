"""Fault injection: random nights that a seed repeats, and one oracle that finds losses and duplicates."""
