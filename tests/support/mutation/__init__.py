"""Mutation of the checkers: each comparison broken in turn must make a test fail.

The checkers decide with comparisons, and a test suite that covers every branch can still miss that a limit is off by
one. mutmut shifts boundaries but does not negate an order; cosmic-ray does both but starts a fresh pytest for each
mutant, four seconds each. Here pytest collects once, and each mutant is a fork in which the mutated code replaces the
original in the functions that are already imported: some ten milliseconds, plus the tests that run its line.
"""
