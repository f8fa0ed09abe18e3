"""Deploy a small pipeline into the account of the caller's credentials, try it, and remove it.

``make live`` runs it; docs/live-test.md describes it. The tests run it against the sandbox, where
only the endpoint and the credentials differ.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelctl.connection import Connection
from labelctl.doctor.checks import Subject
from labelctl.doctor.deployed import find_deployed
from labelctl.doctor.examination import examine
from labelctl.doctor.smoke import smoke_test
from labelctl.doctor.smoke_label import announcement, smoke_label_test
from labelctl.error_messages import LabelctlError, explained
from labelctl.pipeline import find_pipeline
from labeling_deployment.module import ROOT, copy_module
from labeling_sandbox.demo.leftovers import leftovers
from labeling_sandbox.terraform.runner import Terraform, TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOLDER = ROOT / ".live"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

#: In AWS an apply waits for roles, keys and the feature group.
_COMMAND_SECONDS = 1800.0
_SMOKE_SECONDS = 300.0
#: People need time.
_LABEL_SECONDS = 3600.0


@dataclass
class Report:
    """The report of a live test.

    Attributes:
        pipeline: The module's ``job_name``.
        region: AWS region.
        started_at: ISO-8601.
        planned: Addresses that the plan creates.
        created: Addresses in the state after the apply.
        changes_after_apply: Whether a second plan would change something.
        key_arn: The key, which AWS deletes some days after the destroy.
        seconds: Duration of each step.
        doctor: The output of ``labelctl doctor --json``.
        smoke: The output of ``labelctl doctor --smoke --json``.
        label: The output of ``labelctl doctor --smoke-label --json``, if a label was asked for.
        left: What remains after the destroy.
        error: Why the test ended early; empty if it did not.
    """

    pipeline: str
    region: str
    started_at: str
    planned: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    changes_after_apply: bool | None = None
    key_arn: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    doctor: dict[str, Any] | None = None
    smoke: dict[str, Any] | None = None
    label: dict[str, Any] | None = None
    left: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything was created, is healthy, worked, and is gone."""
        return (
            not self.error
            and self.created == self.planned
            and self.changes_after_apply is False
            and bool(self.doctor and self.doctor["passed"])
            and bool(self.smoke and self.smoke["passed"])
            and (self.label is None or self.label["passed"])
            and not self.left
        )

    def text(self, account: str) -> str:
        """Return the report as JSON, without the account's id, to be attached to an issue."""
        text = json.dumps({"passed": self.passed, **asdict(self)}, indent=2)
        return text.replace(account, "111122223333")


@dataclass
class LiveTest:
    """One live test.

    Attributes:
        pipeline: The module's ``job_name``.
        work_team_arn: The work team. Nobody is asked to label anything, except with ``label``.
        connection: The connection to AWS.
        folder: Where the module's copy and Terraform's state are kept.
        environment: Variables for Terraform and its provider.
        progress: Called with what is being done.
        label: Whether the work team labels one object.
    """

    pipeline: str
    work_team_arn: str
    connection: Connection
    folder: Path
    environment: Mapping[str, str]
    progress: Callable[[str], None]
    label: bool = False
    _terraform: Terraform = field(init=False)

    def __post_init__(self) -> None:
        """Copy the module."""
        module = self.folder / "module"
        if not module.exists():
            module.mkdir(parents=True)
            copy_module(module)
        self._terraform = Terraform(
            module, self.folder / "work", self.environment, deadline_seconds=_COMMAND_SECONDS
        )

    @property
    def variables(self) -> dict[str, Any]:
        """The module's inputs: everything can be deleted, and no schedule starts a run."""
        return {
            "force_destroy": True,
            "job_name": self.pipeline,
            "kms_deletion_window_days": 7,
            "labels": ["cat", "dog"],
            "schedule": {"enabled": False},
            "tags": {"purpose": "live-test"},
            "task_type": "image_single_label_classification",
            "workteam_arn": self.work_team_arn,
        }

    def planned(self) -> list[str]:
        """Return the addresses of the resources that an apply would create.

        Raises:
            TerraformError: If the plan fails.
        """
        self.progress("terraform init and plan")
        self._terraform.init()
        return self._terraform.planned(variables=self.variables)

    def run(self, planned: list[str]) -> Report:
        """Apply, check, try and destroy.

        Args:
            planned: The addresses that the plan creates.

        Returns:
            The report, also if a step fails.
        """
        report = Report(
            self.pipeline, self.connection.region_name, datetime.now(UTC).isoformat(), planned
        )
        try:
            self._try(report)
        except (LabelctlError, TerraformError) as error:
            report.error = str(error)
        finally:
            self._destroy(report)
        return report

    def _try(self, report: Report) -> None:
        with self._timed(report, "apply"):
            self._terraform.apply(variables=self.variables)
        report.created = addresses(self._terraform.state())
        report.key_arn = self._terraform.outputs()["kms_key_arn"]
        with self._timed(report, "plan"):
            report.changes_after_apply = self._terraform.plan(variables=self.variables)
        with explained(self.connection):
            subject = Subject(
                self.connection,
                find_pipeline(self.connection, self.pipeline),
                find_deployed(self.connection, self.pipeline),
                datetime.now(UTC),
            )
            with self._timed(report, "doctor"):
                report.doctor = examine(subject, self.progress).fields()
            with self._timed(report, "smoke"):
                name = f"smoke-{secrets.token_hex(8)}"
                report.smoke = smoke_test(subject, name, _SMOKE_SECONDS, self.progress).fields()
            if self.label:
                self.progress(announcement(subject))
                with self._timed(report, "label"):
                    name = f"smoke-{secrets.token_hex(8)}"
                    report.label = smoke_label_test(
                        subject, name, _LABEL_SECONDS, self.progress
                    ).fields()

    def _destroy(self, report: Report) -> None:
        try:
            with self._timed(report, "destroy"):
                self._terraform.destroy(variables=self.variables)
            with explained(self.connection):
                report.left = leftovers(self.connection.client, self.pipeline, report.key_arn)
        except (LabelctlError, TerraformError) as error:
            report.error = "; ".join(filter(None, [report.error, str(error)]))
            report.left = addresses(self._terraform.state())

    @contextmanager
    def _timed(self, report: Report, step: str) -> Iterator[None]:
        self.progress(step)
        started = time.monotonic()
        try:
            yield
        finally:
            report.seconds[step] = round(time.monotonic() - started, 1)


def addresses(state: Mapping[str, Any]) -> list[str]:
    """Return the addresses of the managed resources in a state, sorted."""
    root = state.get("values", {}).get("root_module", {})
    return sorted(_addresses(root))


def _addresses(module: Mapping[str, Any]) -> Iterator[str]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["address"]
    for child in module.get("child_modules", []):
        yield from _addresses(child)


@app.command()
def main(
    *,
    workteam_arn: Annotated[str, typer.Option(help="A work team; nobody has to label.")],
    job_name: Annotated[
        str | None, typer.Option(help="Name of the pipeline; a new one if left out.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="AWS region.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of the AWS CLI.")] = None,
    label: Annotated[
        bool,
        typer.Option("--label", help="Let the work team label one object, which is paid for."),
    ] = False,
    go: Annotated[
        bool, typer.Option(envvar="LIVE", help="Deploy; without it, only list what is created.")
    ] = False,
) -> None:
    """Deploy a small pipeline under a name of its own, check it, try it, and remove it."""
    connection = Connection(region, profile)
    name = job_name or f"live-{secrets.token_hex(4)}"
    folder = FOLDER / name
    try:
        with explained(connection):
            account = str(connection.client("sts").get_caller_identity()["Account"])
        environment = caller_environment(connection.region_name, profile)
        test = LiveTest(name, workteam_arn, connection, folder, environment, _say, label)
        planned = test.planned()
    except (LabelctlError, TerraformError) as error:
        _say(f"error: {error}")
        raise typer.Exit(1) from error
    _say(f"{len(planned)} resources in account {account}, region {connection.region_name}:")
    for address in planned:
        _say(f"  {address}")
    if not go:
        asked = f"; {workteam_arn} would label one object" if label else ""
        _say(f"nothing was created{asked}; set LIVE=1 to deploy, check, try and remove them")
        return
    report = test.run(planned)
    path = folder / "report.json"
    path.write_text(report.text(account), encoding="utf-8")
    _say(f"{'passed' if report.passed else 'FAILED'}: {path}")
    if report.left:
        _say(f"left behind, with its state in {folder}: {report.left}")
    if not report.passed:
        raise typer.Exit(1)
    shutil.rmtree(folder / "module")


def caller_environment(region: str, profile: str | None) -> dict[str, str]:
    """Return the variables that give Terraform the caller's credentials and region."""
    home = Path.home() / ".aws"
    chosen = {} if profile is None else {"AWS_PROFILE": profile}
    return {
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "AWS_MAX_ATTEMPTS": "10",
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        "AWS_REGION": region,
        **chosen,
    }


def _say(line: str) -> None:
    typer.echo(line, err=True)


if __name__ == "__main__":
    app()
