"""What to do about a deadline that has lapsed: one pure decision for each kind, with its reason in words."""
