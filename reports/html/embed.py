"""Charts and the chart library inside the page: no request, no identifier that differs between two renderings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import bokeh
from bokeh.embed import json_item
from bokeh.plotting import figure
from markupsafe import Markup

_ID = re.compile(r"p\d+")
# Inside <script>, only "<" can end the element and only U+2028/9 could end a line in an old parser.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@cache
def library() -> Markup:
    """bokeh.min.js from the installed package, fit to stand inside a script element."""
    path = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"
    # The end tag cannot occur outside a JavaScript string, where the backslash changes nothing.
    return Markup(path.read_text(encoding="utf-8").replace("</script", "<\\/script"))


def script_json(value: object) -> Markup:
    """JSON that may stand inside a script element, whatever its strings hold."""
    return Markup(json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_ESCAPES))


def chart_items(plots: Mapping[str, figure]) -> dict[str, object]:
    """Each figure as what ``Bokeh.embed.embed_item`` takes, keyed by the id of the element that it is drawn in."""
    items: dict[str, object] = {}
    numbers: dict[str, str] = {}
    for target, plot in plots.items():
        item = dict(json_item(plot, target))
        item["root_id"] = _renumbered(str(item["root_id"]), numbers)
        item["doc"] = _with_own_ids(item["doc"], numbers)
        items[target] = item
    return items


def _with_own_ids(value: object, numbers: dict[str, str]) -> object:
    """Bokeh numbers its models over the life of the process; numbered over the page, two renderings are equal."""
    if isinstance(value, dict):
        return {key: (_own_id if key == "id" else _with_own_ids)(item, numbers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_own_ids(item, numbers) for item in value]
    return value


def _own_id(value: object, numbers: dict[str, str]) -> object:
    return _renumbered(value, numbers) if isinstance(value, str) and _ID.fullmatch(value) else value


def _renumbered(identifier: str, numbers: dict[str, str]) -> str:
    return numbers.setdefault(identifier, f"p{len(numbers)}")
