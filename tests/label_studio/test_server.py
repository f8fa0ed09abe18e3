"""Starting and ending Label Studio, with programs in its place that do what it must not do."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from labeling_sandbox.label_studio import server as starting
from labeling_sandbox.label_studio.server import (
    NEW_DATABASE,
    LabelStudioError,
    LabelStudioServer,
)
from tests.label_studio.conftest import STUDIO_ENVIRONMENT

#: Listens where it is told to, as another program would that had taken the port.
_OTHER = """#!/usr/bin/env python3
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"release": "1.23.2", "email": "somebody@example.org"}')
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
#: Starts another process, which does not end when it is asked to, and never listens.
_PARENT = """#!/bin/sh
sh -c 'trap "" TERM; echo $$ > child; while true; do sleep 0.1; done' &
sleep 60
"""


def placed(tmp_path: Path, program: str) -> LabelStudioServer:
    """Return a server whose program is another one."""
    place = tmp_path / "environment" / "bin" / "label-studio"
    place.parent.mkdir(parents=True)
    place.write_text(program)
    place.chmod(0o755)
    return LabelStudioServer(tmp_path / "environment", tmp_path / "data", {})


def test_where_it_is_not_installed_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(LabelStudioError, match=r"is not installed in .*; run make test"):
        LabelStudioServer(tmp_path, tmp_path / "data", {}).start()


def test_a_program_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    server = placed(tmp_path, "#!/bin/sh\necho no database here\nexit 3\n")
    with pytest.raises(LabelStudioError, match=r"ended with code 3.*\nno database here"):
        server.start()


def test_folders_may_be_named_from_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(tmp_path, "#!/bin/sh\necho here\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabelStudioError, match="its log ends:\nhere"):
        LabelStudioServer(Path("environment"), Path("data"), {}).start()


def test_it_begins_with_a_copy_of_the_new_database_and_keeps_its_own(tmp_path: Path) -> None:
    server = placed(tmp_path, "#!/bin/sh\nexit 3\n")
    new = tmp_path / "environment" / NEW_DATABASE
    new.parent.mkdir()
    new.write_text("tables")
    own = tmp_path / "data" / NEW_DATABASE.name
    for content in ("tables", "tables and tasks"):
        with pytest.raises(LabelStudioError):
            server.start()
        assert own.read_text() == content
        own.write_text("tables and tasks")


def test_the_new_database_has_the_tables_and_nobody_in_them() -> None:
    database = sqlite3.connect(f"file:{STUDIO_ENVIRONMENT / NEW_DATABASE}?mode=ro", uri=True)
    with closing(database) as connection:
        ((count,),) = connection.execute("SELECT COUNT(*) FROM django_migrations")
        assert count > 0
        assert connection.execute("SELECT COUNT(*) FROM htx_user").fetchall() == [(0,)]


def test_another_program_at_the_port_is_not_taken_for_it(tmp_path: Path) -> None:
    with pytest.raises(LabelStudioError, match="another program has the port"):
        placed(tmp_path, _OTHER).start()


def test_one_that_does_not_answer_in_time_is_ended_with_all_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "_START_SECONDS", 2.0)
    monkeypatch.setattr(starting, "_STOP_SECONDS", 0.5)
    server = placed(tmp_path, _PARENT)
    with pytest.raises(LabelStudioError, match="did not answer at http://"):
        server.start()
    child = int((tmp_path / "data" / "child").read_text())
    ends_at = time.monotonic() + 30
    while is_running(child) and time.monotonic() < ends_at:
        time.sleep(0.05)
    assert not is_running(child)


def is_running(process: int) -> bool:
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], check=False, capture_output=True, text=True
    )
    # Z: ended, and not yet taken note of by whoever adopted it.
    return not shown.stdout.startswith("Z") and bool(shown.stdout.strip())
