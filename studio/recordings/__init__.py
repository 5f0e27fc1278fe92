"""Recorded streams and REST calls, judged by the same checkers as a run.

A recording of a stream is a file of lines ``{"t_ns": N, "b": TEXT}``, one a socket read: the time after the read in
nanoseconds of CLOCK_REALTIME, and the bytes as Latin-1. Together they are the whole HTTP response. The REST calls of
the same time are one JSON array of objects with t_ns (when it was sent), method, path, request, status, body and
duration_ms.
"""
