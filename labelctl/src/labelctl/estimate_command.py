"""The command ``estimate``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from labelctl.command_line import Json, print_json
from labelctl.cost.estimates import Estimate, Studio, Use
from labelctl.cost.estimates import estimate as estimated
from labelctl.cost.prices import PRICES_OF, SERVER
from labeling_lambdas.domain.engines import Engine

_PARTS = {
    "labeling_fee": "Ground Truth, labeled objects",
    "verification_fee": "Ground Truth, verified objects",
    "work": "Workers and reviewers",
    "requests": "Requests of the pipeline",
    "standing": "Key and alarms",
    "calls": "Calls for Label Studio",
    "server": "Label Studio",
    "total": "Total",
}


def estimate(  # noqa: PLR0913 - one parameter for each option
    *,
    items: Annotated[int, typer.Option(min=0, help="Items uploaded in the month.")],
    workers: Annotated[int, typer.Option(min=1, help="Workers for each item.")] = 1,
    verification: Annotated[
        bool, typer.Option("--verification", help="Reviewers verify the labels.")
    ] = False,
    sample_percent: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Share of labels that they verify; all by default."),
    ] = None,
    rejected_percent: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Share of those that they reject; none by default."),
    ] = None,
    answer_price: Annotated[
        float, typer.Option(min=0, help="Dollars for one worker's answer.")
    ] = 0.0,
    runs: Annotated[int, typer.Option(min=0, help="Runs that have items.")] = 30,
    earlier_objects: Annotated[
        int, typer.Option(min=0, help="Objects labeled before in the month.")
    ] = 0,
    engine: Annotated[Engine, typer.Option(help="Where people label.")] = Engine.GROUND_TRUTH,
    server_month: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Dollars for a month of Label Studio with its secrets;"
            f" {SERVER} of examples/label-studio-on-ecs by default.",
        ),
    ] = None,
    interval_minutes: Annotated[
        int | None,
        typer.Option(min=1, max=60, help="label_studio.interval_minutes; 1 by default."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate what a month of a pipeline costs, without a call to AWS."""
    is_studio = engine is Engine.LABEL_STUDIO
    if not is_studio and (server_month, interval_minutes) != (None, None):
        message = "is about Label Studio: add --engine label_studio"
        raise typer.BadParameter(message, param_hint="--server-month or --interval-minutes")
    if earlier_objects and is_studio:
        message = "is about the fees of Ground Truth: leave it out"
        raise typer.BadParameter(message, param_hint="--earlier-objects")
    if not verification and (sample_percent, rejected_percent) != (None, None):
        message = "is about verification: add --verification"
        raise typer.BadParameter(message, param_hint="--sample-percent or --rejected-percent")
    share = 100.0 if sample_percent is None else sample_percent
    use = Use(
        items=items,
        workers=workers,
        verified_percent=share if verification else 0,
        rejected_percent=rejected_percent or 0,
        answer_price=answer_price,
        runs=runs,
        earlier_objects=earlier_objects,
        studio=Studio(SERVER if server_month is None else server_month, interval_minutes or 1)
        if is_studio
        else None,
    )
    _print(estimated(use), as_json=as_json)


def _print(found: Estimate, *, as_json: bool) -> None:
    dollars = {**dataclasses.asdict(found), "total": found.total}
    if as_json:
        print_json({"prices_of": PRICES_OF, "dollars": dollars})
        return
    typer.echo(f"Dollars for a month, list prices of us-east-1, {PRICES_OF}")
    for name, title in _PARTS.items():
        typer.echo(f"  {title:<32}{dollars[name]:>14,.2f}")
