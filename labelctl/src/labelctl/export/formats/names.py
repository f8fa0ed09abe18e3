"""The names of all formats."""

from __future__ import annotations

from enum import StrEnum


class FormatName(StrEnum):
    """A format, as the command line names it."""

    AUGMENTED_MANIFEST = "augmented-manifest"
    COCO = "coco"
    CONLL = "conll"
    CSV = "csv"
    HUGGINGFACE = "huggingface"
    JSONL = "jsonl"
    PARQUET = "parquet"
    PASCAL_VOC = "pascal-voc"
    YOLO = "yolo"
