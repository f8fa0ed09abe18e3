"""The search for an unpacked AWS provider on this machine, for Terraform without a network."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REGISTRY = "registry.terraform.io"
_PROVIDER = Path(REGISTRY) / "hashicorp" / "aws"


def named_config(environment: Mapping[str, str]) -> Path | None:
    """Return the CLI configuration that ``TF_CLI_CONFIG_FILE`` names, when that file exists."""
    named = environment.get("TF_CLI_CONFIG_FILE")
    return Path(named) if named and Path(named).is_file() else None


def find_mirror(environment: Mapping[str, str]) -> Path | None:
    """Look for a folder that Terraform can use as a filesystem mirror of the AWS provider.

    First Terraform's implied folders, then any ``registry.terraform.io`` one level below a folder
    of the system (``/*/*/registry.terraform.io``) that belongs to root and that no one else can
    write.

    Args:
        environment: The environment variables that place the implied folders.

    Returns:
        The mirror's root, or None: Terraform asks the registry then.
    """
    candidates = [*_implied_folders(environment), *_system_folders()]
    return next((folder for folder in candidates if _holds_unpacked_provider(folder)), None)


def provider_versions(environment: Mapping[str, str]) -> list[str]:
    """Return the versions of the AWS provider in the mirror that Terraform would use."""
    mirror = find_mirror(environment)
    return [] if mirror is None else sorted(it.name for it in (mirror / _PROVIDER).iterdir())


def config_text(mirror: Path | None) -> str:
    """Return a Terraform CLI configuration.

    Args:
        mirror: The mirror to install providers from; None leaves Terraform's default.
    """
    lines = ["disable_checkpoint = true"]
    if mirror is not None:
        path = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
        lines += [
            "provider_installation {",
            "  filesystem_mirror {",
            f'    path = "{path}"',
            "  }",
            "}",
        ]
    return "\n".join(lines) + "\n"


def _implied_folders(environment: Mapping[str, str]) -> Iterable[Path]:
    home = Path(environment.get("HOME") or Path.home())
    yield home / ".terraform.d" / "plugins"
    yield Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "terraform/plugins"
    shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in shared.split(os.pathsep):
        yield Path(folder) / "terraform" / "plugins"


def _system_folders() -> Iterable[Path]:
    for folder in sorted(Path("/").glob(f"*/*/{REGISTRY}")):
        if _only_root_can_write(folder) and _only_root_can_write(folder.parent):
            yield folder.parent


def _only_root_can_write(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    return status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _holds_unpacked_provider(root: Path) -> bool:
    # An unpacked mirror has a folder per version and one per platform below it.
    try:
        return any(entry.is_dir() for entry in (root / _PROVIDER).glob("*/*_*"))
    except OSError:
        return False
