"""The API's routes: what devices call and what programs of the office call."""

from litestar.types import ControllerRouterHandler

from server.api.devices import Devices
from server.api.office import Office


def api_routes() -> list[ControllerRouterHandler]:
    """Return all handlers under /api/v1."""
    return [Devices, Office]
