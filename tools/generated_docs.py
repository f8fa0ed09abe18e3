"""Write every part of the documentation that is made from the code.

Run from the repository: ``python -m tools.generated_docs``; ``make docs`` does it. Terraform is
needed, and no AWS account.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_deployment import deployment
from tests.plan.plans import planned
from tools import (
    cost_tables,
    deployment_actions,
    reference_tables,
    sandbox_fidelity,
    scale_page,
    security_tables,
)
from tools.draw_state_machine import draw
from tools.marked_sections import write_or_check

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"

#: Pictures of the state machine: the title and what plans its deployment, by the file's name.
PICTURES: dict[str, tuple[str, Callable[[], deployment.Deployment]]] = {
    "state-machine.svg": ("The state machine of one run", deployment.planned),
    "state-machine-with-verification.svg": (
        "The state machine of one run, with verification",
        partial(deployment.planned, verified=True),
    ),
    "state-machine-of-large-runs.svg": (
        "The state machine of one run, with several pollers",
        partial(deployment.planned, large_runs=True),
    ),
}


def definitions() -> dict[str, str]:
    """Plan the definition for each picture.

    Returns:
        The definitions, JSON text, by the picture's file name.
    """
    return {name: plan().state_machine.definition for name, (_, plan) in PICTURES.items()}


def pictures() -> dict[Path, str]:
    """Draw each picture.

    Returns:
        The pictures, SVG documents, by their files in the repository.
    """
    return {
        IMAGES / name: draw(definition, PICTURES[name][0])
        for name, definition in definitions().items()
    }


def main() -> int:
    """Write everything.

    Returns:
        The exit status: 0, or 1 when a part could not be written.
    """
    for path, picture in pictures().items():
        path.write_text(picture, encoding="utf-8")
        print(f"{path}: written")
    reasons = security_tables.Reasons(security_tables.REASONS.read_text(encoding="utf-8"))
    security = security_tables.sections(planned, reasons) | deployment_actions.sections()
    write_or_check(security_tables.SECURITY, security, check=False, mend="make docs")
    return max(
        reference_tables.main([]),
        cost_tables.main([]),
        sandbox_fidelity.main([]),
        scale_page.main([]),
    )


if __name__ == "__main__":
    sys.exit(main())
