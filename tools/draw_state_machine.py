"""Draw a state machine's definition (Amazon States Language) as an SVG picture with Graphviz."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pygraphviz

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Definition = Mapping[str, Any]

_LEGEND = (
    "Dashed lines: after an error, when its retries are used up. "
    "Double frames: the state waits until its labeling job has ended."
)
_GREY, _RED = "#57606a", "#cf222e"
_GRAPH = {
    "bgcolor": "white",
    "compound": "true",
    "fontname": "Helvetica",
    "fontsize": "11",
    "label": _LEGEND,
    "nodesep": "0.4",
    "ranksep": "0.42",
    "splines": "ortho",
}
_NODE = {
    "fixedsize": "true",
    "fontname": "Helvetica",
    "fontsize": "13",
    "height": "0.6",
    "shape": "box",
    "style": "rounded,filled",
    "width": "2.2",
}
_EDGE = {
    "arrowsize": "0.7",
    "color": _GREY,
    "fontname": "Helvetica",
    "fontsize": "10",
    "labelangle": "-35",
    "labeldistance": "2",
}
# Heavy lines are drawn short and straight.
_STRAIGHT = {"weight": "100"}
_AFTER_ERROR = {"color": _RED, "style": "dashed", "weight": "0"}

#: Fill and line colour of a state by its type.
_COLOURS = {
    "Choice": ("#fff8c5", "#9a6700"),
    "Fail": ("#ffebe9", _RED),
    "Map": ("#f6f8fa", "#0969da"),
    "Pass": ("#f6f8fa", _GREY),
    "Succeed": ("#dafbe1", "#1a7f37"),
    "Task": ("#ddf4ff", "#0969da"),
}
_TESTS = {"BooleanEquals": "", "IsPresent": " is present", "NumericGreaterThan": " > {}"}


def draw(definition_text: str, title: str) -> str:
    """Draw a definition.

    Args:
        definition_text: The definition, JSON text.
        title: What the picture shows.

    Returns:
        An SVG document. Its measures depend on the fonts of the machine, its content does not.
    """
    definition = json.loads(definition_text)
    graph = pygraphviz.AGraph(name=title, directed=True, strict=False)
    graph.graph_attr.update(_GRAPH)
    graph.node_attr.update(_NODE)
    graph.edge_attr.update(_EDGE)
    _add_states(graph, definition)
    _add_transitions(graph, definition)
    picture: bytes = graph.draw(format="svg", prog="dot")
    return picture.decode()


def _add_states(graph: pygraphviz.AGraph, definition: Definition) -> None:
    for name, state in definition["States"].items():
        fill, line = _COLOURS[state["Type"]]
        if "ItemProcessor" in state:
            inner = graph.add_subgraph(
                name=f"cluster_{name}",
                label=f"<<B>{escape(name)}</B>>",
                bgcolor=fill,
                color=line,
                style="rounded",
            )
            _add_states(inner, state["ItemProcessor"])
        else:
            waits = state.get("Resource", "").endswith(".waitForTaskToken")
            graph.add_node(
                name,
                label=_label(name, _step(state)),
                fillcolor=fill,
                color=line,
                peripheries=2 if waits else 1,
            )


def _label(name: str, function: str) -> str:
    called = f'<BR/><FONT FACE="Courier" POINT-SIZE="11">{escape(function)}</FONT>'
    return f"<<B>{escape(name)}</B>{called if function else ''}>"


def _add_transitions(graph: pygraphviz.AGraph, definition: Definition) -> None:
    states = definition["States"]
    # Graphviz draws lines between nodes, and ends one at a cluster when it is told to.
    inner = {name: list(_inner_states(state)) for name, state in states.items()}
    for source, state in states.items():
        for target, attributes in _transitions(state):
            clusters = {
                end: f"cluster_{name}"
                for end, name in (("ltail", source), ("lhead", target))
                if inner[name]
            }
            ends = (inner[source] or [source])[-1], (inner[target] or [target])[0]
            graph.add_edge(*ends, **attributes, **clusters)
        if inner[source]:
            _add_transitions(graph, state["ItemProcessor"])


def _transitions(state: Definition) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the next states of a state, each with the attributes of its line."""
    for number, choice in enumerate(state.get("Choices", [])):
        yield choice["Next"], _condition(choice) | (_STRAIGHT if number == 0 else {})
    if "Default" in state:
        yield state["Default"], {"xlabel": _padded("otherwise")}
    if "Next" in state:
        yield state["Next"], dict(_STRAIGHT)
    for catch in state.get("Catch", []):
        errors = [_padded(error) for error in catch["ErrorEquals"] if error != "States.ALL"]
        yield catch["Next"], {**_AFTER_ERROR, "xlabel": "\n".join(errors)}


def _condition(choice: Definition) -> dict[str, str]:
    variable = choice["Variable"].removeprefix("$.")
    (test,) = choice.keys() - {"Next", "Variable"}
    if test == "StringEquals":
        # Many lines leave such a choice, so the value is to the left of each one's end.
        return {"headlabel": choice[test] + "\N{NO-BREAK SPACE}" * 2 * len(choice[test])}
    return {"xlabel": _padded(f"{variable}{_TESTS[test]}".format(choice[test]))}


def _padded(text: str) -> str:
    """Keep a text off its line."""
    return f"\N{NO-BREAK SPACE}{text}\N{NO-BREAK SPACE}"


def _inner_states(state: Definition) -> Iterator[str]:
    yield from state.get("ItemProcessor", {"States": {}})["States"]


def _step(state: Definition) -> str:
    """Return the step whose function a state calls: `poll_queue` for `digits-poll-queue`."""
    function = str(state.get("Parameters", {}).get("FunctionName", "")).rpartition(":")[2]
    return function.partition("-")[2].replace("-", "_")
