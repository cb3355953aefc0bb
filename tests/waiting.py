"""How long a test waits for what will come: longer than a machine takes whose processors four others share."""

WITHIN_S = 60.0
