"""What grows with what: the cost of each action while one thing in the database becomes ten and a hundred times more.

See docs/scale.md.
"""
