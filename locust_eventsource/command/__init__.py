"""The command line: one stream, printed."""
