"""Head office's pages over HTTP, as the sample shop's administrator sends their forms."""

import re

import requests

TIMEOUT_S = 20


class OfficePages:
    """A signed-in session; every form is sent with its key and must be taken."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self.post("/sign-in", page="/sign-in", name="admin", password="sample-shop")

    def get(self, path: str) -> str:
        """Return a page."""
        answer = self._session.get(self._url + path, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.text

    def post(self, path: str, *, page: str = "/settings", **fields: str) -> None:
        """Send a form's fields, with the key that stands on `page`."""
        key = re.search(r'name="form_key" value="(\w+)"', self.get(page))
        assert key, page
        data = {"form_key": key[1], **fields}
        answer = self._session.post(self._url + path, data=data, timeout=TIMEOUT_S, allow_redirects=False)
        assert answer.status_code == 303, answer.text[:2000]
