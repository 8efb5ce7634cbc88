"""Templates of the pages that need nothing but themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(package: str, name: str, **filters: Callable[..., str]) -> Template:
    """That of `package`'s folder `templates`: what is put in is escaped, and has to be there."""
    return _template(package, name, tuple(filters.items()))


@cache
def _template(
    package: str, name: str, filters: tuple[tuple[str, Callable[..., str]], ...]
) -> Template:
    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template(name)
