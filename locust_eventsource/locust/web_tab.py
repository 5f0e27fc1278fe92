"""A tab with a live table on Locust's own page, and links under Download Data.

Locust's page renders ``extended_tabs``, ``extended_tables`` and ``extended_csv_files`` of its template arguments, and
polls ``/stats/requests`` for the rows (``locust/web.py``, ``locust/webui``). Setting them in ``init`` puts the tab on
``/`` itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flask import Response, jsonify, request

if TYPE_CHECKING:
    from locust.web import WebUI

Row = Mapping[str, str | float | int]


class Column(NamedTuple):
    """One column: the key of its values, its title, and how many digits to round to."""

    key: str
    title: str
    round: int | None = None


class Link(NamedTuple):
    """One link under Download Data."""

    path: str
    title: str
    view: Callable[[], Response]


def add_tab(
    web_ui: WebUI, *, key: str, title: str, columns: Sequence[Column], rows: Callable[[], Sequence[Row]]
) -> None:
    """Add a tab whose table shows what ``rows`` returns, fresh every two seconds while a test runs."""
    structure = [
        {"key": column.key, "title": column.title} | ({} if column.round is None else {"round": column.round})
        for column in columns
    ]
    web_ui.template_args.setdefault("extended_tabs", []).append({"title": title, "key": key})
    web_ui.template_args.setdefault("extended_tables", []).append({"key": key, "structure": structure})

    def extend(response: Response) -> Response:
        if request.endpoint == "locust.request_stats" and response.is_json:
            document = response.get_json()
            document.setdefault("extended_stats", []).append({"key": key, "data": [dict(row) for row in rows()]})
            response.set_data(json.dumps(document))
        return response

    assert web_ui.app is not None
    web_ui.app.after_request(extend)


def before_start(web_ui: WebUI, check: Callable[[Mapping[str, str]], str | None]) -> None:
    """Ask ``check`` before Locust starts a test from its form; what it returns is shown instead of starting."""

    def look() -> Response | None:
        if request.endpoint != "locust.swarm":
            return None
        problem = check(request.form.to_dict())
        return None if problem is None else jsonify({"success": False, "message": problem})

    assert web_ui.app is not None
    web_ui.app.before_request(look)


def add_links(web_ui: WebUI, links: Sequence[Link]) -> None:
    """Add links to Download Data, each answered by its view behind Locust's login where that is on."""
    assert web_ui.app is not None
    for link in links:
        list_link(web_ui, link)
        view = web_ui.auth_required_if_enabled(link.view)
        web_ui.app.add_url_rule(f"{base_path(web_ui)}{link.path}", endpoint=f"eventsource{link.path}", view_func=view)


def list_link(web_ui: WebUI, link: Link) -> None:
    """List a link under Download Data, whoever answers it."""
    files = web_ui.template_args.setdefault("extended_csv_files", [])
    files.append({"href": f"{base_path(web_ui)}{link.path}", "title": link.title})


def base_path(web_ui: WebUI) -> str:
    """What ``--web-base-path`` puts before every path; empty without it."""
    options = web_ui.environment.parsed_options
    return (options.web_base_path if options else "") or ""
