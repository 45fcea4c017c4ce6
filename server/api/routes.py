"""The API's routes: what devices call, what programs of the office call, and the description of both."""

from typing import Any

from litestar import get
from litestar.types import ControllerRouterHandler

from server.api.devices import Devices
from server.api.office import Office
from server.api.questions import Questions
from server.api.replies import AnyRequest


def api_routes() -> list[ControllerRouterHandler]:
    """Return all handlers under /api/v1."""
    return [Devices, Questions, Office, describe]


@get("/api/v1/openapi.json", sync_to_thread=True, include_in_schema=False)
def describe(request: AnyRequest) -> dict[str, Any]:
    """Describe the API (OpenAPI 3.1)."""
    return request.app.openapi_schema.to_schema()
