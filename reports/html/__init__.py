"""The HTML report."""

from reports.html.page import render_html

__all__ = ["render_html"]
