"""The control route that writes what Feature Store buffers to the files of offline stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.base import control
from labeling_sandbox.stores.feature_store import feature_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.server import Sandbox


def install(sandbox: Sandbox) -> None:
    """Add the control route."""

    def write(path: Mapping[str, str], _body: dict[str, Any]) -> dict[str, int]:
        # Its libraries take a third of a second to import, which few tests need.
        from labeling_sandbox.stores.offline_files import write_files  # noqa: PLC0415

        try:
            return {"rows": write_files(sandbox, feature_group(sandbox, path["name"]))}
        except (ClientError, PermissionError) as error:
            raise control.ControlError(str(error)) from error

    control.route("records/<name>/write-files", "POST", write)
