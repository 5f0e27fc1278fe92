"""The read path against what people use today: `python -m benchmarks`."""
