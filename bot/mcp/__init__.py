"""The tools that Tocsin offers by the Model Context Protocol."""
