"""The tools that programs reach by the Model Context Protocol."""
