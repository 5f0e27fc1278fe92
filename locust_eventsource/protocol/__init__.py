"""Pure protocol: HTTP answers, body framing, event streams, reconnects. No I/O, no gevent, no clock."""
