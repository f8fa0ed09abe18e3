"""Print what a library of a format loads. It runs in the environment of requirements-formats.txt.

``python load_training_set.py huggingface FOLDER`` or ``python load_training_set.py conll FILE``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any


def from_huggingface(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each split, with the names of classes and the pixels of images."""
    from datasets import load_dataset

    loaded = load_dataset(str(folder), cache_dir=str(folder.parent / "cache"))
    return {side: [_row(row, rows.features) for row in rows] for side, rows in loaded.items()}


def from_conll(path: Path) -> list[list[tuple[str, str]]]:
    """Return the tokens of each text with their tags."""
    from nltk.corpus.reader.conll import ConllCorpusReader

    reader = ConllCorpusReader(str(path.parent), [path.name], ("words", "ne"))
    return [[(word, tag) for word, tag in grid] for grid in reader._grids()]


def _row(row: dict[str, Any], features: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value, features[name]) for name, value in row.items()}


def _value(value: Any, feature: Any) -> Any:
    if isinstance(feature, dict):
        return {name: _value(value[name], feature[name]) for name in feature}
    if isinstance(value, list):
        return [_value(each, feature.feature) for each in value]
    if hasattr(value, "tobytes"):
        pixels = hashlib.sha256(value.tobytes()).hexdigest()
        return {"size": value.size, "mode": value.mode, "pixels": pixels}
    if hasattr(feature, "int2str"):
        return feature.int2str(value)
    return value


if __name__ == "__main__":
    load = {"conll": from_conll, "huggingface": from_huggingface}[sys.argv[1]]
    json.dump(load(Path(sys.argv[2])), sys.stdout)
