"""How fast it is, each figure beside a baseline of the same run. `make bench`; how to read it: docs/performance.md."""
