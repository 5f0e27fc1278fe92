"""Sockets in the gevent loop: dialling, TLS, kernel receive stamps, two readers that give the same, idle limits."""
