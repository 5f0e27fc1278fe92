"""Sockets in the gevent loop: dialling, TLS, kernel receive stamps, readiness callbacks, idle limits."""
