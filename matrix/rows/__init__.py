"""The rows of the matrix, a module for each area."""
