"""What holds for every test: in CI a skip is a failure, and nobody's own screen, database or keys are touched."""

import os
from collections.abc import Iterator

import pytest

# A till keeps 64 MB of its disk in reserve; hundreds of sample tills would fill the machine's.
os.environ.setdefault("COUNTERFOIL_BALLAST_MB", "1")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, but CI has all it needs: {call.excinfo and call.excinfo.value}"
    return report


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "COUNTERFOIL_DATA", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
