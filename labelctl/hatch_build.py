"""Put the functions' package, and the license, into what is built of labelctl.

labelctl reads identities, messages and rows with the functions' own modules, which are not on
PyPI. A checkout has them beside labelctl, where hatchling does not look; a source distribution has
them in ``src``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CheckoutHook(BuildHookInterface[Any]):
    """A build hook that adds files of the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files before a build.

        Args:
            version: ``editable`` or ``standard``. In an editable installation files of the build
                would hide those of the checkout, where ``lambda_src`` is installed in the same way.
            build_data: What is built; changed here.
        """
        checkout = Path(self.root).parent
        functions = checkout / "lambda_src" / "src" / "labeling_lambdas"
        if version == "editable" or not functions.is_dir():
            return
        build_data["force_include"][str(functions)] = "src/labeling_lambdas"
        if self.target_name == "sdist":
            build_data["force_include"][str(checkout / "LICENSE")] = "LICENSE"
