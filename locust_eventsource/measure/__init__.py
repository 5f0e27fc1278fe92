"""What is measured and how it is judged: pure functions and counters, without sockets, clocks or event loops."""
