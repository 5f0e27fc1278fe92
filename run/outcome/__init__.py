"""What a run comes to: its figures against the targets, its result document, and what is shown while it goes on."""
