"""The real Terraform, run against the sandbox without writing its files into the module.

State, provider links and CLI configuration are in a work folder. Terraform requires only its
dependency lock file to be in the module's folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import python_terraform
from python_terraform import IsFlagged, IsNotFlagged

from labeling_deployment.terraform import command_environment

Progress = Callable[[str], None]

DEFAULT_DEADLINE_SECONDS = 900.0
"""The time for one command; an apply of the whole module takes about two minutes on two cores."""

_NOTHING_CHANGES, _SOMETHING_CHANGES = 0, 2
_REFUSED_VALUE = "Invalid value for variable"
_ERROR_LINE = re.compile(r"^[│|\s]*Error: (?P<text>.+)$", re.MULTILINE)
#: The rule is the last text before the place where it stands.
_RULE = re.compile(r"\n\n(?P<text>(?:.+\n)+)\nThis was checked by the validation rule")
_MISSING_PROVIDER = ("Failed to query available provider packages", "Could not retrieve the list")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class TerraformError(Exception):
    """A Terraform command failed; the message is one line.

    Attributes:
        output: Everything that the command printed.
    """

    def __init__(self, message: str, output: str = "") -> None:
        """Keep the message and the output.

        Args:
            message: One line for the person who started it.
            output: Everything that the command printed.
        """
        super().__init__(message)
        self.output = output


class _Command(python_terraform.Terraform):  # type: ignore[misc] # it has no type information
    """Commands as python-terraform builds them, in a separate process group.

    python-terraform waits for a process without a time limit, prints nothing in the meantime, and
    does not end the providers when it is interrupted. This class therefore replaces :meth:`cmd`,
    which all its commands use.
    """

    def __init__(
        self,
        program: str,
        module: Path,
        work: Path,
        environment: dict[str, str],
        progress: Progress | None,
        deadline_seconds: float,
    ) -> None:
        super().__init__(
            working_dir=str(module),
            state=str(work / "terraform.tfstate"),
            terraform_bin_path=program,
        )
        self._environment = environment
        self._progress = progress
        self._deadline_seconds = deadline_seconds

    def cmd(
        self, cmd: str, *arguments: str, quiet: bool = False, **options: object
    ) -> tuple[int, str, str]:
        """Run a command; return its exit status, its output, and nothing."""
        process = subprocess.Popen(
            self.generate_cmd_string(cmd, *arguments, **options),
            cwd=self.working_dir,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _kill(process)

        timer = threading.Timer(self._deadline_seconds, expire)
        timer.start()
        try:
            with process:
                output = self._follow(process, quiet=quiet)
        except BaseException:
            # Also after Ctrl-C: Terraform and its providers must not outlive this process.
            _kill(process)
            raise
        finally:
            timer.cancel()
            self.temp_var_files.clean_up()
        if expired.is_set():
            message = f"terraform {cmd} took longer than {self._deadline_seconds:.0f} seconds"
            raise TerraformError(message, output)
        return process.returncode, output, ""

    def _follow(self, process: subprocess.Popen[str], *, quiet: bool) -> str:
        lines: list[str] = []
        for line in process.stdout or ():
            clean = _COLOUR.sub("", line.rstrip("\n"))
            lines.append(clean)
            if self._progress is not None and not quiet:
                self._progress(clean)
        return "\n".join(lines)


class Terraform:
    """Terraform for one root module and one state.

    Attributes:
        module: The folder of the root module.
        work: The folder that takes state, provider links and CLI configuration.
    """

    def __init__(
        self,
        module: Path,
        work: Path,
        environment: Mapping[str, str],
        progress: Progress | None = None,
        deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
    ) -> None:
        """Find Terraform and the provider; nothing runs yet.

        Args:
            module: The folder of the root module.
            work: A folder outside the module; it is created.
            environment: Variables that point the provider at the sandbox, see
                ``Sandbox.environment``.
            progress: Called with each line that a command prints.
            deadline_seconds: The time for one command, in seconds.

        Raises:
            TerraformError: The ``terraform`` program is not on the PATH.
        """
        program = shutil.which("terraform")
        if program is None:
            message = "terraform is not on the PATH; install Terraform 1.9 or newer"
            raise TerraformError(message)
        self.module = module.resolve()
        self.work = work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self._command = _Command(
            program,
            self.module,
            self.work,
            command_environment(self.work, environment),
            progress,
            deadline_seconds,
        )

    def init(self) -> None:
        """Link the provider into the work folder.

        Raises:
            TerraformError: The provider cannot be found, or the configuration is not valid.
        """
        status, output, _ = self._command.cmd(
            "init", input=False, no_color=IsFlagged, backend=False
        )
        if any(text in output for text in _MISSING_PROVIDER):
            message = (
                "Terraform finds no hashicorp/aws provider: neither a mirror on this machine "
                "nor the registry has it"
            )
            raise TerraformError(message, output)
        _require("init", status, output)

    def plan(
        self, variable_files: Sequence[Path] = (), variables: Mapping[str, Any] | None = None
    ) -> bool:
        """Compare the configuration with the sandbox.

        Args:
            variable_files: Files with values of variables.
            variables: Further values.

        Returns:
            True when something would change.

        Raises:
            TerraformError: The plan failed.
        """
        status, output, _ = self._command.plan(
            lock=False, **self._inputs(variable_files, variables)
        )
        _require("plan", status, output, allowed=(_NOTHING_CHANGES, _SOMETHING_CHANGES))
        return bool(status == _SOMETHING_CHANGES)

    def planned(self, variables: Mapping[str, Any] | None = None) -> list[str]:
        """Return the addresses of the resources that an apply would create, sorted.

        Args:
            variables: Values of variables.

        Raises:
            TerraformError: The plan failed.
        """
        file = self.work / "plan"
        inputs = self._inputs((), variables)
        status, output, _ = self._command.plan(lock=False, out=str(file), **inputs)
        _require("plan", status, output, allowed=(_NOTHING_CHANGES, _SOMETHING_CHANGES))
        changes = self._read("show", str(file)).get("resource_changes", [])
        return sorted(
            change["address"] for change in changes if change["change"]["actions"] == ["create"]
        )

    def apply(
        self, variable_files: Sequence[Path] = (), variables: Mapping[str, Any] | None = None
    ) -> str:
        """Create or change everything.

        Args:
            variable_files: Files with values of variables.
            variables: Further values.

        Returns:
            What Terraform printed.

        Raises:
            TerraformError: The apply failed.
        """
        inputs = self._inputs(variable_files, variables)
        status, output, _ = self._command.apply(skip_plan=True, **inputs)
        _require("apply", status, output)
        return str(output)

    def destroy(
        self, variable_files: Sequence[Path] = (), variables: Mapping[str, Any] | None = None
    ) -> None:
        """Delete everything.

        Args:
            variable_files: Files with values of variables.
            variables: Further values.

        Raises:
            TerraformError: The destroy failed.
        """
        inputs = self._inputs(variable_files, variables)
        status, output, _ = self._command.destroy(
            force=IsNotFlagged, auto_approve=IsFlagged, **inputs
        )
        _require("destroy", status, output)

    def outputs(self) -> dict[str, Any]:
        """Return the values of the module's outputs.

        Raises:
            TerraformError: The command failed.
        """
        parsed = self._read("output", state=self._command.state)
        return {name: entry["value"] for name, entry in parsed.items()}

    def state(self) -> dict[str, Any]:
        """Return the state as ``terraform show -json`` prints it; {} before the first apply.

        Raises:
            TerraformError: The command failed.
        """
        if not Path(self._command.state).exists():
            return {}
        return self._read("show", self._command.state)

    def _inputs(
        self, variable_files: Sequence[Path], variables: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        files = [path.resolve() for path in variable_files]
        if variables:
            # The last file counts. python-terraform would put the values before all files.
            given = self.work / "given.tfvars.json"
            given.write_text(json.dumps(dict(variables)), "utf-8")
            files.append(given)
        return {"var_file": [str(file) for file in files]}

    def _read(self, command: str, *arguments: str, **options: object) -> dict[str, Any]:
        status, output, _ = self._command.cmd(
            command, *arguments, no_color=IsFlagged, json=IsFlagged, quiet=True, **options
        )
        _require(command, status, output)
        parsed: dict[str, Any] = json.loads(output[output.index("{") :])
        return parsed


def _require(command: str, status: int, output: str, allowed: Sequence[int] = (0,)) -> None:
    if status in allowed:
        return
    found = [match["text"].strip() for match in _ERROR_LINE.finditer(output)]
    reason = found[0] if found else f"exit status {status}"
    rule = _RULE.search(output)
    if rule is not None and reason == _REFUSED_VALUE:
        reason = f"{reason}: {' '.join(rule['text'].split())}"
    more = f" (and {len(found) - 1} more errors)" if len(found) > 1 else ""
    message = f"terraform {command} failed: {reason}{more}"
    raise TerraformError(message, output)


def _kill(process: subprocess.Popen[str]) -> None:
    # The process is its own session's leader: its providers are in the same group.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
