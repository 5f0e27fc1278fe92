"""The clients compared, each a process of its own."""
