"""What Locust runs: one behaviour a file. ``locustfile.py`` says which are on offer."""
