"""Training sets as the libraries of their formats load them, compared with the truth.

Each reader returns the labels of a side by the identifier of their record, in the form that the
truth of `truth_of` has.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import yaml
from PIL import Image
from pyarrow import parquet
from pycocotools.coco import COCO

from labeling_deployment.module import ROOT
from labeling_sandbox.demo.task_types import DEMO_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.demo.data_set import Item
    from tests.labelctl.stored_labels import Stored

_LOADER = Path(__file__).with_name("load_training_set.py")
#: What a label is compared by.
Comparable = Any


def truth_of(task: str, item: Item) -> Comparable:
    """Return the right label of an item in a form that can be compared."""
    match task:
        case "image_bounding_box":
            return sorted(
                (box["class"], box["left"], box["top"], box["width"], box["height"])
                for box in item.truth
            )
        case "image_semantic_segmentation":
            return _painted(item.truth)
        case "named_entity_recognition":
            return sorted(
                (entity["label"], entity["startOffset"], entity["endOffset"])
                for entity in item.truth
            )
        case _ if isinstance(item.truth, str):
            return [item.truth]
        case _:
            return sorted(item.truth)


def _painted(truth: Mapping[str, Any]) -> list[list[str]]:
    """Return the class of each pixel, empty for the background."""
    width, height = truth["size"]
    rows = [[""] * width for _ in range(height)]
    for region in truth["regions"]:
        box = region["box"]
        for row in rows[box["top"] : box["top"] + box["height"]]:
            row[box["left"] : box["left"] + box["width"]] = [region["class"]] * box["width"]
    return rows


def from_rows(rows: list[dict[str, Any]], folder: Path, task: str) -> dict[str, Comparable]:
    """Read rows of JSON Lines, CSV or Parquet."""
    return {row["source_ref"]: _label_of_row(row, folder, task) for row in rows}


def _label_of_row(row: dict[str, Any], folder: Path, task: str) -> Comparable:
    match task:
        case "image_bounding_box":
            edges = ("label", "left", "top", "width", "height")
            return sorted(tuple(box[edge] for edge in edges) for box in row["boxes"])
        case "image_semantic_segmentation":
            names = json.loads((folder / "export.json").read_text())["classes"]
            return named_pixels(folder / row["mask"], names)
        case "named_entity_recognition":
            assert all(row["text"][s["start"] : s["end"]] == s["text"] for s in row["spans"])
            return sorted((span["label"], span["start"], span["end"]) for span in row["spans"])
        case _:
            return [row["label"]] if isinstance(row["label"], str) else row["label"]


def named_pixels(path: Path, names: list[str]) -> list[list[str]]:
    """Return the class of each pixel of an index mask, empty for the background."""
    with Image.open(path) as image:
        assert image.mode == "P"
        indexes = np.asarray(image)
    all_names = ["", *names]
    return [[all_names[index] for index in row] for row in indexes.tolist()]


def jsonl(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    lines = (folder / f"{side}.jsonl").read_text(encoding="utf-8").splitlines()
    return from_rows([json.loads(line) for line in lines], folder, stored.task)


def csv_rows(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    with (folder / f"{side}.csv").open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    if "multi" in stored.task:
        rows = [{**row, "label": json.loads(row["label"])} for row in rows]
    return from_rows(rows, folder, stored.task)


def parquet_rows(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    rows = parquet.read_table(folder / f"{side}.parquet").to_pylist()
    return from_rows(rows, folder, stored.task)


def augmented_manifest(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    """Read a manifest; its labels are compared as the sandbox compares Ground Truth's."""
    found = {}
    by_text = {item.text: uri for uri, item in stored.truth.items()}
    for text in (folder / f"{side}.manifest").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        uri = line.get("source-ref") or by_text[line["source"]]
        attribute = next(key for key in line if f"{key}-metadata" in line)
        truth = stored.truth[uri]
        equal = DEMO_TYPES[stored.task].equals(
            line[attribute], line[f"{attribute}-metadata"], truth.truth, stored.read
        )
        found[uri] = truth_of(stored.task, truth) if equal else line[attribute]
    return found


def coco(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = COCO(str(folder / "annotations" / f"{side}.json"))
    names = {entry["id"]: entry["name"] for entry in loaded.loadCats(loaded.getCatIds())}
    found: dict[str, Comparable] = {}
    for image in loaded.loadImgs(loaded.getImgIds()):
        copy = folder / "images" / side / image["file_name"]
        assert copy.read_bytes() == stored.body(image["coco_url"])
        annotations = loaded.loadAnns(loaded.getAnnIds(image["id"]))
        if stored.task == "image_bounding_box":
            found[image["coco_url"]] = sorted(
                (names[entry["category_id"]], *entry["bbox"]) for entry in annotations
            )
            continue
        pixels = np.full((image["height"], image["width"]), "", object)
        for entry in annotations:
            pixels[loaded.annToMask(entry) == 1] = names[entry["category_id"]]
        found[image["coco_url"]] = pixels.tolist()
    return found


def yolo(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    """Read labels as the documentation of Ultralytics describes them."""
    described = yaml.safe_load((folder / "data.yaml").read_text(encoding="utf-8"))
    assert described[side] == f"images/{side}"
    images = sorted((folder / described[side]).iterdir())
    labels = {path.stem: path for path in (folder / "labels" / side).iterdir()}
    assert {path.stem for path in images} == set(labels)
    found = {}
    for path in images:
        with Image.open(path) as image:
            width, height = image.size
        boxes = []
        for line in labels[path.stem].read_text(encoding="ascii").splitlines():
            index, *numbers = line.split(" ")
            x, y, wide, high = (float(number) for number in numbers)
            assert all(0 <= number <= 1 for number in (x, y, wide, high))
            left, top = round((x - wide / 2) * width), round((y - high / 2) * height)
            size = round(wide * width), round(high * height)
            boxes.append((described["names"][int(index)], left, top, *size))
        found[stored.uri_of(path.read_bytes())] = sorted(boxes)
    return found


def pascal_voc(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    boxes = stored.task == "image_bounding_box"
    listed = folder / "ImageSets" / ("Main" if boxes else "Segmentation") / f"{side}.txt"
    found: dict[str, Comparable] = {}
    for stem in listed.read_text(encoding="ascii").splitlines():
        (image,) = (folder / "JPEGImages").glob(f"{stem}.*")
        uri = stored.uri_of(image.read_bytes())
        if not boxes:
            names = (folder / "labels.txt").read_text(encoding="utf-8").splitlines()[1:]
            found[uri] = named_pixels(folder / "SegmentationClass" / f"{stem}.png", names)
            continue
        root = ET.parse(folder / "Annotations" / f"{stem}.xml").getroot()  # noqa: S314 - written here
        assert root.findtext("filename") == image.name
        found[uri] = sorted(_voc_box(entry) for entry in root.iter("object"))
    return found


def _voc_box(entry: ET.Element) -> tuple[str, int, int, int, int]:
    edges = ("xmin", "ymin", "xmax", "ymax")
    left, top, right, bottom = (int(str(entry.findtext(f"bndbox/{edge}"))) for edge in edges)
    return str(entry.findtext("name")), left - 1, top - 1, right - left + 1, bottom - top + 1


def conll(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    """Read tags with nltk, and find the place of each entity in its text."""
    by_letters = {"".join(str(item.text).split()): uri for uri, item in stored.truth.items()}
    found = {}
    for tokens in load("conll", folder / f"{side}.conll"):
        uri = by_letters["".join(token for token, _ in tokens)]
        found[uri] = _entities(str(stored.truth[uri].text), tokens)
    return found


def _entities(text: str, tokens: list[tuple[str, str]]) -> list[tuple[str, int, int]]:
    entities: list[tuple[str, int, int]] = []
    position = 0
    for token, tag in tokens:
        start = text.index(token, position)
        position = start + len(token)
        if tag.startswith("B-"):
            entities.append((tag[2:], start, position))
        elif tag.startswith("I-"):
            name, first, _ = entities.pop()
            assert name == tag[2:]
            entities.append((name, first, position))
    return sorted(entities)


def huggingface(folder: Path, side: str, stored: Stored) -> dict[str, Comparable]:
    """Load a folder with datasets, and compare the pixels of its images with the uploads."""
    found = {}
    # datasets has no splits without rows.
    for row in load("huggingface", folder).get(side, []):
        uri = row["source_ref"]
        if "image" in row:
            assert row["image"] == pixels_of(stored.body(uri))
        else:
            assert row["text"] == stored.truth[uri].text
        found[uri] = _label_of_features(row, stored)
    return found


def _label_of_features(row: dict[str, Any], stored: Stored) -> Comparable:
    match stored.task:
        case "image_bounding_box":
            objects = row["objects"]
            pairs = zip(objects["category"], objects["bbox"], strict=True)
            return sorted((name, *corner) for name, corner in pairs)
        case "image_semantic_segmentation":
            truth = truth_of(stored.task, stored.truth[row["source_ref"]])
            return truth if row["mask"] == _pixels_of_mask(truth, stored) else row["mask"]
        case "named_entity_recognition":
            entities = row["entities"]
            places = zip(entities["label"], entities["start"], entities["end"], strict=True)
            return sorted(places)
        case _:
            return row["labels"] if "labels" in row else [row["label"]]


def _pixels_of_mask(truth: list[list[str]], stored: Stored) -> dict[str, Any]:
    """Return what the index mask of a truth looks like when it is loaded."""
    painted = {name for item in stored.items for row in truth_of(stored.task, item) for name in row}
    places = {name: place for place, name in enumerate(sorted(painted - {""}), 1)}
    rows = [[places.get(name, 0) for name in row] for row in truth]
    return _described(Image.fromarray(np.array(rows, np.uint8)).convert("P"), "P")


def pixels_of(body: bytes) -> dict[str, Any]:
    """Return what the loader prints of an image."""
    with Image.open(io.BytesIO(body)) as image:
        return _described(image, image.mode)


def _described(image: Image.Image, mode: str) -> dict[str, Any]:
    pixels = hashlib.sha256(image.tobytes()).hexdigest()
    return {"size": list(image.size), "mode": mode, "pixels": pixels}


def load(kind: str, path: Path) -> Any:
    """Let a library load a training set in its own environment.

    It may not ask the network, and writes its cache beside the training set.
    """
    python = ROOT / ".venv-formats" / "bin" / "python"
    assert python.exists(), "make .venv-formats/.installed installs the libraries of formats"
    offline = {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(path.parent)}
    # nltk reads only below its folder of data.
    offline["NLTK_DATA"] = str(path.parent)
    done = subprocess.run(
        [python, _LOADER, kind, path],
        env={**os.environ, **offline},
        capture_output=True,
        timeout=600,
        check=False,
        text=True,
    )
    sys.stderr.write(done.stderr)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


READERS: Mapping[str, Callable[[Path, str, Stored], dict[str, Comparable]]] = {
    "augmented-manifest": augmented_manifest,
    "coco": coco,
    "conll": conll,
    "csv": csv_rows,
    "huggingface": huggingface,
    "jsonl": jsonl,
    "parquet": parquet_rows,
    "pascal-voc": pascal_voc,
    "yolo": yolo,
}
