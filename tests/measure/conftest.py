"""Imports the library through the package first: the package knows which of its warnings mean nothing."""

from __future__ import annotations

import locust_eventsource.measure.histogram  # noqa: F401
