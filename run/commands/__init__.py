"""What is to be done after a run: ``python -m run cleanup`` and ``python -m run recover``."""
