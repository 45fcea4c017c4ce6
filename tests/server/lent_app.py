"""The real application, lent from test to test: reading its two hundred routes takes longer than most tests do."""

import contextlib
from collections.abc import Iterator

from litestar import Litestar

from server.assemble import build_app, give_parts
from server.parts import Parts

_AT_REST: list[Litestar] = []


@contextlib.contextmanager
def lent_app(parts: Parts) -> Iterator[Litestar]:
    """Lend an application that answers from these parts and keeps nothing of those before."""
    app = _AT_REST.pop() if _AT_REST else build_app(parts)
    give_parts(app, parts)
    yield app
    _AT_REST.append(app)  # not after a failure: nobody knows what it is still doing
