"""The files that the conventions are about."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAMBDAS = ROOT / "lambda_src" / "src" / "labeling_lambdas"
HARNESS = ROOT / "harness"
LABELCTL = ROOT / "labelctl" / "src" / "labelctl"
TOOLS = ROOT / "tools"

# Folders that hold what others wrote or what a tool left.
FOREIGN_FOLDERS = frozenset({"__pycache__", "build", "dist"})
# Files as people's programs write them, with their encodings and line ends.
UPLOADS = ROOT / "tests" / "fixtures" / "uploads"
WRITTEN_SUFFIXES = frozenset(
    {
        "",
        ".cfg",
        ".hcl",
        ".html",
        ".json",
        ".md",
        ".py",
        ".tf",
        ".tfvars",
        ".tftpl",
        ".toml",
        ".txt",
    }
    | {".yaml", ".yml"}
)


def module_files() -> list[Path]:
    """The Terraform files of the root module and its submodules."""
    return [*sorted(ROOT.glob("*.tf")), *sorted((ROOT / "modules").rglob("*.tf"))]


def module_folders() -> list[Path]:
    """The folders that are a Terraform module."""
    return sorted({path.parent for path in module_files()})


def python_files(*folders: Path) -> list[Path]:
    """The Python sources of some folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def written_files() -> list[Path]:
    """Every text file of the repository that someone wrote."""
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.suffix in WRITTEN_SUFFIXES and path.is_file() and is_ours(path.relative_to(ROOT))
        if path.parent != UPLOADS
    )


def is_ours(path: Path) -> bool:
    """Whether a file is neither in a hidden folder nor in one of others."""
    return not any(part in FOREIGN_FOLDERS or part.startswith(".") for part in path.parts)


def shown(path: Path) -> str:
    """A file's name for a message."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
