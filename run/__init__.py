"""One run: the part of each process in it, what all of them reported, its orderly end, and the composition root."""
