"""Settings of the test process."""

from __future__ import annotations

import os

# Locust patches the standard library when it is imported. The test process keeps the real one, because its servers
# and drivers use threads; what needs the patched one runs in a process of its own, without this variable.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
