"""Two sides of runs held against each other: what became better or worse, and how sure that is."""
