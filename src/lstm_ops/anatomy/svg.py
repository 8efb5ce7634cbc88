"""A figure as SVG that may stand inside a page beside others."""

from __future__ import annotations

import io
import re
import threading

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# matplotlib takes the font type from its global settings, and reports are made in several threads.
_settings = threading.Lock()
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def svg(figure: Figure, name: str = "figure") -> str:
    """The `<svg>` element with text as text. Ids start with `name`, the same each time."""
    written, dpi = io.StringIO(), figure.dpi
    with _settings, rc_context({"svg.fonttype": "none"}):
        # Not `savefig`, which draws every figure twice.
        FigureCanvasSVG(figure).print_svg(written, metadata=NO_METADATA)  # type: ignore[no-untyped-call]
    figure.dpi = dpi
    content = written.getvalue()
    return _renamed(content[content.index("<svg ") :], name)


def _renamed(content: str, name: str) -> str:
    """matplotlib's ids are salted at random, or the same in all figures, and few are used."""
    used = dict.fromkeys(re.findall(r"""(?:url\(|href=")#([\w-]+)""", content))
    names = {old: f"{name}-{number}" for number, old in enumerate(used)}

    def declared(match: re.Match[str]) -> str:
        return f' id="{names[match[1]]}"' if match[1] in names else ""

    content = re.sub(r' id="([^"]+)"', declared, content)
    return re.sub(
        r"""(url\(|href=")#([\w-]+)""", lambda match: f"{match[1]}#{names[match[2]]}", content
    )
