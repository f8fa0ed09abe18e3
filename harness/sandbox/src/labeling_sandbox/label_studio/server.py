"""A Label Studio of its own: started on loopback, without a call to anywhere else, and ended.

Settings: https://labelstud.io/guide/start
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

HOST = "127.0.0.1"
ENVIRONMENT = Path(".venv-label-studio")
"""The virtual environment with Label Studio, below the checkout."""

NEW_DATABASE = Path("new-database") / "label_studio.sqlite3"
"""A database with tables and nothing in them, below the virtual environment."""

_OWNER = "owner@example.org"
#: Without a new database, the first start writes the tables, a minute on a busy machine.
_START_SECONDS = 300.0
_STOP_SECONDS = 15.0
_CALL_SECONDS = 10.0
_PAUSE_SECONDS = 0.2
_LAST_LINES = 15

#: Keep Label Studio from calling the Python package index, its own telemetry and Sentry.
_ALONE = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}
#: Variables that the process may have from this one; others could configure Label Studio.
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class LabelStudioError(Exception):
    """Label Studio cannot be used; the message is for the person who started it."""


class LabelStudioServer:
    """One Label Studio with a folder of its own, for use as a context manager.

    Attributes:
        url: Its address.
        username: The name of its owner.
        password: The owner's password.
        token: The owner's token for the API.
    """

    def __init__(
        self, environment: Path, folder: Path, aws: Mapping[str, str], port: int = 0
    ) -> None:
        """Choose the settings; nothing starts yet.

        Args:
            environment: The virtual environment with Label Studio.
            folder: Where its database and its log are written.
            aws: Variables with the endpoint and the credentials of the AWS whose buckets it reads.
            port: The port to listen on; 0 takes a free one.
        """
        # Absolute, because the process starts in the folder.
        self._environment = environment.absolute()
        self._folder = folder.absolute()
        self._aws = aws
        self._port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{HOST}:{self._port}"
        self.username = _OWNER
        self.password = secrets.token_urlsafe(18)
        self.token = secrets.token_hex(20)

    @property
    def log(self) -> Path:
        """The file with what it prints."""
        return self._folder / "label-studio.log"

    def start(self) -> Self:
        """Start it, and wait until it answers.

        Raises:
            LabelStudioError: If it is not installed, ends, does not answer in time, or if what
                answers is not this process.
        """
        program = self._environment / "bin" / "label-studio"
        if not program.is_file():
            message = f"Label Studio is not installed in {self._environment}; run make test"
            raise LabelStudioError(message)
        self._folder.mkdir(parents=True, exist_ok=True)
        database = self._folder / NEW_DATABASE.name
        if (self._environment / NEW_DATABASE).is_file() and not database.exists():
            shutil.copyfile(self._environment / NEW_DATABASE, database)
        command = [str(program), "start", "--no-browser", "--internal-host", HOST]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port), "--enable-legacy-api-token"],
                cwd=self._folder,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A process group of its own, which is ended as a whole.
                start_new_session=True,
            )
        try:
            self._wait(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the process and those that it started; again does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        for ending in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, ending)
                process.wait(_STOP_SECONDS)
            except ProcessLookupError:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue

    def kill(self) -> None:
        """End the process at once, as a crash of its machine would; `start` starts it again."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def __enter__(self) -> Self:
        """Start, for use as a context manager."""
        return self.start()

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, also after an exception."""
        self.stop()

    def _variables(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            **self._aws,
            **_ALONE,
            "HOME": str(self._folder),
            "LABEL_STUDIO_BASE_DATA_DIR": str(self._folder),
            "LABEL_STUDIO_S3_ENDPOINT": self._aws.get("AWS_ENDPOINT_URL", ""),
            "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
            "LABEL_STUDIO_USERNAME": self.username,
            "LABEL_STUDIO_PASSWORD": self.password,
            "LABEL_STUDIO_USER_TOKEN": self.token,
        }

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        ends_at = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None:
                self._fail(f"ended with code {process.returncode}")
            if time.monotonic() > ends_at:
                self._fail(f"did not answer at {self.url} in {_START_SECONDS:.0f} s")
            time.sleep(_PAUSE_SECONDS)
        self._require_own()

    def _answers(self) -> bool:
        try:
            return self._get("/api/version/").ok
        except requests.RequestException:
            return False

    def _require_own(self) -> None:
        """Check that this process answers: on a port that is taken it takes the next free one.

        Only this process knows the token, which was made for it.
        """
        answer = self._get("/api/current-user/whoami", {"Authorization": f"Token {self.token}"})
        if not answer.ok or self.username not in answer.text:
            self._fail(f"is not what answers at {self.url}; another program has the port")

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # no proxy is between two programs of one machine
            return session.get(f"{self.url}{path}", headers=headers, timeout=_CALL_SECONDS)

    def _fail(self, what: str) -> NoReturn:
        lines = self.log.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        raise LabelStudioError("\n".join([f"Label Studio {what}; its log ends:", *lines]))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port
