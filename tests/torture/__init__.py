"""The fault laboratory: random nights, replayable from a seed, and one oracle that says what was lost or doubled."""
