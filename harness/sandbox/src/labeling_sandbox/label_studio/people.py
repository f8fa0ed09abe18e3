"""Simulated people who label as the users of Label Studio do: each with an account of their own."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from labeling_sandbox.label_studio.server import LabelStudioServer

    Results = list[dict[str, Any]]

#: Only of a Label Studio that hangs: on a machine with other work, an answer may take a minute.
_CALL_SECONDS = 600.0
_FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_NOTHING_LEFT = 404


class Person:
    """A user with a session of their own, as in a browser.

    Attributes:
        email: The name of the account.
        password: Its password.
    """

    def __init__(self, server: LabelStudioServer, email: str) -> None:
        """Sign up with the link that the owner sends.

        Args:
            server: The Label Studio.
            email: The name of the new account.

        Raises:
            requests.HTTPError: If Label Studio refuses the account.
        """
        self.email = email
        self.password = secrets.token_urlsafe(12)
        self._url = server.url
        self._session = requests.Session()
        self._session.trust_env = False
        link = self._get("/api/invite", {"Authorization": f"Token {server.token}"})["invite_url"]
        self._sign_up(f"{self._url}{link}")
        # Label Studio shows it on the page of the account.
        token = self._get("/api/current-user/token", {})["token"]
        self._session.headers["Authorization"] = f"Token {token}"

    def _sign_up(self, link: str) -> None:
        form = self._session.get(link, timeout=_CALL_SECONDS)
        form.raise_for_status()
        found = _FORM_TOKEN.search(form.text)
        if found is None:
            message = f"the page of {self._url} has no form for new users"
            raise ValueError(message)
        fields = {"email": self.email, "password": self.password, "allow_newsletters": "false"}
        done = self._session.post(
            link,
            {"csrfmiddlewaretoken": found[1], **fields},
            headers={"Referer": link},
            timeout=_CALL_SECONDS,
        )
        done.raise_for_status()

    def next_task(self, project: int) -> dict[str, Any] | None:
        """Return the task that the person is shown next, None if there is none left."""
        answer = self._session.get(
            f"{self._url}/api/projects/{project}/next", timeout=_CALL_SECONDS
        )
        if answer.status_code == _NOTHING_LEFT:
            return None
        answer.raise_for_status()
        task: dict[str, Any] = answer.json()
        return task

    def submit(self, project: int, task: int, results: Results) -> None:
        """Give an answer."""
        self._annotate(project, task, {"result": results})

    def skip(self, project: int, task: int) -> None:
        """Decline a task."""
        self._annotate(project, task, {"result": [], "was_cancelled": True})

    def picture(self, task: Mapping[str, Any]) -> bytes:
        """Return the picture of a task, as the page loads it."""
        # The page has the session, and no token.
        answer = self._session.get(
            f"{self._url}{task['data']['image']}", timeout=_CALL_SECONDS, allow_redirects=False
        )
        answer.raise_for_status()
        signed = requests.get(answer.headers["Location"], timeout=_CALL_SECONDS)
        signed.raise_for_status()
        return signed.content

    def work(
        self,
        project: int,
        answer: Callable[[dict[str, Any]], Results | None],
        among: Container[int] | None = None,
    ) -> int:
        """Answer every task that the person is shown.

        Args:
            project: The project.
            answer: Returns the results for a task, or None to decline it.
            among: Numbers of the tasks to answer: the person stops at another one. None for all.

        Returns:
            The number of tasks.
        """
        count = 0
        while (task := self.next_task(project)) is not None:
            if among is not None and task["id"] not in among:
                break
            results = answer(task)
            if results is None:
                self.skip(project, task["id"])
            else:
                self.submit(project, task["id"], results)
            count += 1
        return count

    def _annotate(self, project: int, task: int, content: dict[str, Any]) -> None:
        answer = self._session.post(
            f"{self._url}/api/tasks/{task}/annotations/",
            params={"project": project},
            json=content,
            timeout=_CALL_SECONDS,
        )
        answer.raise_for_status()

    def _get(self, path: str, headers: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON value
        answer = self._session.get(f"{self._url}{path}", headers=headers, timeout=_CALL_SECONDS)
        answer.raise_for_status()
        return answer.json()
