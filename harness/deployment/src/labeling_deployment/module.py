"""The files of the module as its users get them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
TASK_TYPES = Path("lambda_src/src/labeling_lambdas/task_types.json")
_WORKING_FILES = (".terraform*", "*.tfstate*")


def copy_module(folder: Path) -> Path:
    """Copy the module's files, so that Terraform writes nothing into the checkout.

    Args:
        folder: An empty folder.

    Returns:
        The same folder.
    """
    for pattern in ("*.tf", "*.tftpl"):
        for source in ROOT.glob(pattern):
            shutil.copy2(source, folder)
    for name in ("modules", "examples"):
        ignored = shutil.ignore_patterns(*_WORKING_FILES)
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / TASK_TYPES).parent.mkdir(parents=True)
    shutil.copy2(ROOT / TASK_TYPES, folder / TASK_TYPES)
    return folder


def digest_of(folder: Path) -> str:
    """Return a digest of the names and the contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
