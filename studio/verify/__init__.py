"""What must hold of the events: who owns them, who must have them, and what to say when that is not so.

``Capture`` records what one process saw, ``Judge`` merges any number of captures into one tally. Both are pure: every
time is handed in, in nanoseconds of CLOCK_REALTIME.
"""
