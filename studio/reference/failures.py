"""Answers that refuse a call."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal as JSON ``{"error", "message"}``."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


class TextError(Exception):
    """A refusal as plain text: the request itself could not be read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad_request(message: str) -> ApiError:
    """400: the call is understood and not allowed."""
    return ApiError(400, "bad_request", message)


def not_found(what: str, identifier: str) -> ApiError:
    """404: no such task or session."""
    return ApiError(404, "not_found", f"{what} not found: {identifier}")
