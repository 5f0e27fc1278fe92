"""OpenCode Studio: its contract, its REST API, what must hold, and an embedded service that keeps it."""
