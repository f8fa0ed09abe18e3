"""Rows and files that an older version wrote, or that somebody deleted, keep nothing waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.domain.messages import dead_letter_message

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline


def old_row(source: SourceObject, state: str, **attributes: Any) -> dict[str, Any]:
    return {"pk": f"ITEM#{source.item_id}", "item_state": state, **attributes}


@pytest.mark.parametrize(
    "attributes",
    [
        {"run_id": "earlier", "attempts": 1},
        {"run_id": "earlier", "generation": 0},
        {"run_id": "earlier"},
        {"attempts": 1, "generation": 0},
        {},
    ],
)
@pytest.mark.parametrize("state", ["returned", "claimed"])
def test_a_row_without_what_older_versions_left_out_is_claimed(
    pipeline: Pipeline, state: str, attributes: dict[str, Any]
) -> None:
    first, second = pipeline.sources(2)
    pipeline.put_rows(old_row(first, state, **attributes))
    pipeline.announce([first, second])
    run = pipeline.poll()
    assert run["claimed"] == 2
    assert pipeline.item(first)["attempts"] == attributes.get("attempts", 0)
    assert pipeline.item(first)["generation"] == 0


def test_a_dead_letter_of_an_older_version_can_be_redriven(pipeline: Pipeline) -> None:
    source = pipeline.source()
    pipeline.put_rows(old_row(source, "dead_lettered", run_id="earlier"))
    letter = dead_letter_message(
        source,
        None,
        run_id="earlier",
        attempts=3,
        generation=1,
        reason="attempts_exhausted",
        detail="",
    )
    pipeline.send([letter])
    assert pipeline.poll()["claimed"] == 1


@pytest.mark.parametrize("state", ["hidden", ""])
def test_a_row_in_an_unknown_state_is_left_alone_and_its_message_comes_back(
    pipeline: Pipeline, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    (odd, usual), oddities = pipeline.sources(2), pipeline.source("a.txt")
    rows = [old_row(source, state, run_id="later", attempts=0) for source in (odd, oddities)]
    pipeline.put_rows(*rows)
    pipeline.announce([odd, usual, oddities])
    run = pipeline.poll()
    assert (run["received"], run["claimed"]) == (3, 1)
    assert (pipeline.in_flight(), len(pipeline.waiting())) == (0, 2)
    assert pipeline.item(odd) == rows[0]
    assert "LedgerRowError" in caplog.text
    assert f"ITEM#{odd.item_id}" in caplog.text


def delete_file(pipeline: Pipeline, run: dict[str, Any], name: str) -> None:
    pipeline.client("s3").delete_object(Bucket=pipeline.output, Key=f"runs/{run['run_id']}/{name}")


@pytest.mark.parametrize("lost", ["claims/index.json", "claims/{part}.json"])
def test_a_list_of_claims_that_was_deleted_is_written_again(pipeline: Pipeline, lost: str) -> None:
    pipeline.prepare_ground_truth()
    run = pipeline.claim(5)
    (part,) = pipeline.file(run, "claims/index.json")["parts"]
    delete_file(pipeline, run, lost.format(part=part))
    assert pipeline.start(run)["result"] == "created"
    assert len(pipeline.manifest(run, "label")) == 5


def test_claims_whose_every_list_is_gone_are_named_by_the_accounting(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    run = pipeline.claim(5)
    (part,) = pipeline.file(run, "claims/index.json")["parts"]
    delete_file(pipeline, run, f"claims/{part}.json")
    delete_file(pipeline, run, f"intake/{part}.jsonl")
    plan = pipeline.plan(run, pipeline.ended_job(run, []))
    assert part in caplog.text or "files of the run are missing" in caplog.text
    pipeline.give_back(run, plan, pipeline.store(run, plan))
    assert pipeline.finish(run)["outcome"] == "accounting_mismatch"
