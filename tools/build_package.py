"""Build the Lambda package that ships in the module, the same bytes on every machine.

The archive is stored, not compressed: what a compressor writes depends on the zlib it was linked
with. Names are sorted, and dates, modes and the creating system are fixed, so the archive depends
on nothing but the sources. Only the standard library is used, so any Python 3.11 or newer will do.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "lambda_src" / "src" / "labeling_lambdas"
PACKAGE = ROOT / "modules" / "function" / "package" / "labeling_lambdas.zip"
SUFFIXES = frozenset({".json", ".py", ".typed"})

# The earliest date a zip entry can hold.
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_FILE_0644 = 0o100644 << 16


class PackageError(Exception):
    """The sources cannot be packaged, or the package differs from them."""


def source_files(source: Path) -> list[Path]:
    """List the files of the package, sorted by their name in the archive.

    Args:
        source: Folder of the import package.

    Returns:
        Python sources, JSON data and the typing marker, without caches.

    Raises:
        PackageError: The folder holds no such file.
    """
    files = [
        path
        for path in source.rglob("*")
        if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts
    ]
    if not files:
        message = f"no sources found in {source}"
        raise PackageError(message)
    return sorted(files, key=lambda path: path.relative_to(source.parent).as_posix())


def build(source: Path = SOURCE) -> bytes:
    """Build the archive in memory.

    Args:
        source: Folder of the import package; its name is the top folder of the archive.

    Returns:
        The archive's bytes.

    Raises:
        PackageError: There are no sources, or one has line ends other than LF.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in source_files(source):
            content = path.read_bytes()
            if b"\r" in content:
                message = f"{path} has line ends other than LF; check it out again with eol=lf"
                raise PackageError(message)
            entry = zipfile.ZipInfo(path.relative_to(source.parent).as_posix(), FIXED_DATE)
            entry.create_system = UNIX
            entry.external_attr = REGULAR_FILE_0644
            archive.writestr(entry, content)
    return buffer.getvalue()


def check(package: Path, expected: bytes) -> None:
    """Compare a package with what the sources give.

    Args:
        package: The archive to look at.
        expected: The bytes it should have.

    Raises:
        PackageError: It is missing or differs; the message names the command that mends it.
    """
    if package.is_file() and package.read_bytes() == expected:
        return
    state = "differs from the sources" if package.is_file() else "is missing"
    message = f"{package} {state}; rebuild it with: python tools/build_package.py"
    raise PackageError(message)


def main(arguments: list[str] | None = None) -> int:
    """Build or check the package.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(description="Build the Lambda package from lambda_src.")
    parser.add_argument(
        "--check", action="store_true", help="compare the package with the sources, write nothing"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=PACKAGE,
        help="the package's file (default: the one that ships in the module)",
    )
    options = parser.parse_args(arguments)
    package: Path = options.output
    try:
        content = build()
        if options.check:
            check(package, content)
        else:
            package.parent.mkdir(parents=True, exist_ok=True)
            package.write_bytes(content)
    except (PackageError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{package}: {len(content)} bytes, {'up to date' if options.check else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
