"""A page of its own on Locust's web server, with charts that move while a test runs.

It asks for a JSON document once a second, draws it, and loads nothing from anywhere else. All of it stands behind
Locust's login where that is on, and below ``--web-base-path`` where that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from flask import Response, jsonify, request, send_file

from locust_eventsource.locust.web_tab import Link, base_path, list_link

if TYPE_CHECKING:
    from locust.web import WebUI

_FILES: Final = Path(__file__).parent
_ASSETS: Final[Mapping[str, str]] = {
    "page.js": "text/javascript",
    "chart.js": "text/javascript",
    "page.css": "text/css",
}
WINDOWS_S: Final[Mapping[str, int | None]] = {"30": 30, "120": 120, "600": 600, "all": None}
"""The windows that can be looked at, in seconds, by the name that the page asks for."""
_ONLY_OURS: Final = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


class Source(Protocol):
    """What the page shows. Each answer is asked for about once a second and should be small."""

    def document(self, window_s: int | None) -> Mapping[str, Any]:
        """The state of the run, of its last ``window_s`` seconds or of all of it, as ``page.js`` describes it."""

    def evidence(self, check: str) -> Sequence[Mapping[str, Any]]:
        """The first offenders of a check: ``what``, and ``facts`` as pairs of label and text."""

    def file(self, name: str) -> Path | None:
        """A file of the results by its name, if there is one."""


def add_page(web_ui: WebUI, source: Source, *, path: str, title: str) -> None:
    """Serve the page at ``path``, and list it under Download Data as ``title``."""

    def page() -> Response:
        answer = send_file(_FILES / "page.html", mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _ONLY_OURS
        return answer

    def document() -> Response:
        return jsonify(source.document(WINDOWS_S.get(request.args.get("window", ""), 120)))

    def evidence() -> Response:
        return jsonify(list(source.evidence(request.args.get("check", ""))))

    def file(name: str) -> Response:
        found = source.file(name)
        if found is None:
            return Response(f"There is no file {name!r} of this run.\n", 404, mimetype="text/plain")
        return send_file(found.resolve(), as_attachment=request.args.get("save") == "1")

    routes: dict[str, Callable[..., Response]] = {"": page, "/data": document, "/evidence": evidence}
    routes |= {f"/{name}": _asset(name, kind) for name, kind in _ASSETS.items()}
    for route, view in (*routes.items(), ("/files/<name>", file)):
        _serve(web_ui, f"{path}{route}", view)
    list_link(web_ui, Link(path, title, page))


def _asset(name: str, kind: str) -> Callable[..., Response]:
    def view() -> Response:
        return send_file(_FILES / name, mimetype=kind)

    return view


def _serve(web_ui: WebUI, path: str, view: Callable[..., Response]) -> None:
    def fresh(*args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 -- a view takes what its route holds
        answer = view(*args, **kwargs)
        # What a browser kept would be of an earlier run, or of an earlier version.
        answer.headers["Cache-Control"] = "no-store"
        return answer

    assert web_ui.app is not None
    guarded = web_ui.auth_required_if_enabled(fresh)
    web_ui.app.add_url_rule(f"{base_path(web_ui)}{path}", endpoint=f"eventsource{path}", view_func=guarded)
