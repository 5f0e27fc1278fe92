"""What Locust runs: one behaviour a file, and the composition root that wires them to checks and reports."""
