"""Runs the real Terraform against the sandbox, without a file of its own in the module.

State, provider links and CLI configuration lie in a work folder. Only Terraform's dependency lock
file has its place in the module's folder, by Terraform's own rule.
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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_sandbox.provider_mirror import config_text, find_mirror, named_config

if TYPE_CHECKING:
    from pathlib import Path

Progress = Callable[[str], None]

DEFAULT_DEADLINE_SECONDS = 900.0
"""The time for one command; an apply of the whole module takes about two minutes on two cores."""

_NOTHING_CHANGES, _SOMETHING_CHANGES = 0, 2
_ERROR_LINE = re.compile(r"^[│|\s]*Error: (?P<text>.+)$", re.MULTILINE)
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


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status.

    Attributes:
        status: The exit status.
        output: Standard output and standard error together, without colours.
    """

    status: int
    output: str


def command_environment(work: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a Terraform process that talks to the sandbox.

    Args:
        work: An existing folder for the CLI configuration and for Terraform's own data.
        environment: Variables that point the provider at the sandbox.
    """
    # Profiles, regions and endpoints of the person who runs this must not reach the provider.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))
    }
    config = named_config(os.environ)
    if config is None:
        config = work / "terraform.tfrc"
        config.write_text(config_text(find_mirror(os.environ)), encoding="utf-8")
    return {
        **inherited,
        # A call that the sandbox does not know fails at once instead of being repeated for minutes.
        "AWS_MAX_ATTEMPTS": "3",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_DATA_DIR": str(work / "data"),
        "TF_IN_AUTOMATION": "1",
        **environment,
    }


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
        self._program = program
        self._progress = progress
        self._deadline_seconds = deadline_seconds
        self._environment = command_environment(self.work, environment)

    def init(self) -> None:
        """Link the provider into the work folder.

        Raises:
            TerraformError: The provider cannot be found, or the configuration is not valid.
        """
        result = self._run("init", "-input=false", "-no-color", "-backend=false")
        if result.status:
            if any(text in result.output for text in _MISSING_PROVIDER):
                message = (
                    "Terraform finds no hashicorp/aws provider: neither a mirror on this machine "
                    "nor the registry has it"
                )
                raise TerraformError(message, result.output)
            msg = "init"
            raise _failure(msg, result)

    def plan(
        self, variable_files: Sequence[Path] = (), variables: Mapping[str, Any] | None = None
    ) -> bool:
        """Compare the configuration with the sandbox.

        Args:
            variable_files: Files with values of variables.
            variables: Further values; what is not text is passed as JSON.

        Returns:
            True when something would change.

        Raises:
            TerraformError: The plan failed.
        """
        arguments = _variable_arguments(variable_files, variables)
        result = self._run(
            "plan", *self._state_arguments(), "-lock=false", "-detailed-exitcode", *arguments
        )
        if result.status not in (_NOTHING_CHANGES, _SOMETHING_CHANGES):
            msg = "plan"
            raise _failure(msg, result)
        return result.status == _SOMETHING_CHANGES

    def apply(
        self, variable_files: Sequence[Path] = (), variables: Mapping[str, Any] | None = None
    ) -> Result:
        """Create or change everything.

        Args:
            variable_files: Files with values of variables.
            variables: Further values; what is not text is passed as JSON.

        Returns:
            What Terraform printed.

        Raises:
            TerraformError: The apply failed.
        """
        return self._change("apply", variable_files, variables)

    def destroy(
        self, variable_files: Sequence[Path] = (), variables: Mapping[str, Any] | None = None
    ) -> Result:
        """Delete everything.

        Args:
            variable_files: Files with values of variables.
            variables: Further values; what is not text is passed as JSON.

        Returns:
            What Terraform printed.

        Raises:
            TerraformError: The destroy failed.
        """
        return self._change("destroy", variable_files, variables)

    def outputs(self) -> dict[str, Any]:
        """Return the values of the module's outputs.

        Raises:
            TerraformError: The command failed.
        """
        result = self._run("output", f"-state={self._state}", "-no-color", "-json", quiet=True)
        if result.status:
            msg = "output"
            raise _failure(msg, result)
        parsed = json.loads(result.output[result.output.index("{") :])
        return {name: entry["value"] for name, entry in parsed.items()}

    def state(self) -> dict[str, Any]:
        """Return the state as ``terraform show -json`` prints it; {} before the first apply.

        Raises:
            TerraformError: The command failed.
        """
        if not self._state.exists():
            return {}
        result = self._run("show", "-no-color", "-json", str(self._state), quiet=True)
        if result.status:
            msg = "show"
            raise _failure(msg, result)
        parsed: dict[str, Any] = json.loads(result.output[result.output.index("{") :])
        return parsed

    @property
    def _state(self) -> Path:
        return self.work / "terraform.tfstate"

    def _state_arguments(self) -> list[str]:
        return [f"-state={self._state}", "-input=false", "-no-color"]

    def _change(
        self, command: str, variable_files: Sequence[Path], variables: Mapping[str, Any] | None
    ) -> Result:
        result = self._run(
            command,
            *self._state_arguments(),
            "-auto-approve",
            *_variable_arguments(variable_files, variables),
        )
        if result.status:
            raise _failure(command, result)
        return result

    def _run(self, command: str, *arguments: str, quiet: bool = False) -> Result:
        process = subprocess.Popen(
            [self._program, f"-chdir={self.module}", command, *arguments],
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
            # Ctrl-C too: Terraform and its providers must not outlive us.
            _kill(process)
            raise
        finally:
            timer.cancel()
        if expired.is_set():
            message = f"terraform {command} took longer than {self._deadline_seconds:.0f} seconds"
            raise TerraformError(message, output)
        return Result(process.returncode, output)

    def _follow(self, process: subprocess.Popen[str], *, quiet: bool) -> str:
        lines: list[str] = []
        for line in process.stdout or ():
            clean = _COLOUR.sub("", line.rstrip("\n"))
            lines.append(clean)
            if self._progress is not None and not quiet:
                self._progress(clean)
        return "\n".join(lines)


def _variable_arguments(
    variable_files: Sequence[Path], variables: Mapping[str, Any] | None
) -> list[str]:
    files = [f"-var-file={path.resolve()}" for path in variable_files]
    values = [
        f"-var={name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in (variables or {}).items()
    ]
    return [*files, *values]


def _failure(command: str, result: Result) -> TerraformError:
    found = [match["text"].strip() for match in _ERROR_LINE.finditer(result.output)]
    reason = found[0] if found else f"exit status {result.status}"
    more = f" (and {len(found) - 1} more errors)" if len(found) > 1 else ""
    return TerraformError(f"terraform {command} failed: {reason}{more}", result.output)


def _kill(process: subprocess.Popen[str]) -> None:
    # The process is its own session's leader: its providers are in the same group.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
