"""Errors of Step Functions itself: the rules that match them, and the limit of data.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    ILLEGAL_CUSTOM_ERROR_PREFIX,
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import (
    ComparisonFuncValue,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (  # noqa: E501 - moto's own name
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import (
    NoSuchVariable,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    iteration_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501 - moto's own name
    StateTaskService,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from labeling_sandbox.base.moto_seams import replace

if TYPE_CHECKING:
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
    from moto.stepfunctions.parser.asl.eval.environment import Environment

#: Input, output or result of a task, a state or an execution, as UTF-8.
#: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_PAYLOAD_BYTES = 256 * 1024

#: "A retry or catch on States.ALL will not catch States.Runtime errors"; the other is "a terminal
#: error that can't be caught by the States.ALL error type".
_BEYOND_ALL = frozenset({"States.DataLimitExceeded", "States.Runtime"})
_IS_PRESENT = ComparisonOperatorType.IsPresent


def install() -> None:
    """Put the corrections in place."""
    _match_no_terminal_error()
    _measure_as_aws_does()
    _measure_parameters()
    _fail_choices_by_what_is_absent()
    _keep_names_of_errors_in_a_map()


def _match_no_terminal_error() -> None:
    def match(self: ErrorEqualsDecl, env: Environment) -> None:
        error = env.stack[-1].error_name
        if error not in _BEYOND_ALL:
            match_in_moto(self, env)
            return
        env.stack.pop()
        env.stack.append(any(name.error_name == error for name in self.error_names))

    match_in_moto = replace(ErrorEqualsDecl, "_eval_body", match)


def _measure_as_aws_does() -> None:
    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.startswith("moto.stepfunctions.parser") and hasattr(module, "is_within_size_quota"):
            replace(module, "is_within_size_quota", _is_within_limit)


def _is_within_limit(value: object) -> bool:
    # moto counts escapes and spaces that are not in the data, and refuses what has just the limit.
    data = json.loads(to_json_str(value))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode(errors="surrogatepass")) <= MAX_PAYLOAD_BYTES


def _measure_parameters() -> None:
    def evaluate(self: StateTaskService, env: Environment) -> dict[str, Any]:
        parameters: dict[str, Any] = evaluate_in_moto(self, env)
        self._verify_size_quota(env, parameters)
        return parameters

    evaluate_in_moto = replace(StateTaskService, "_eval_parameters", evaluate)


def _fail_choices_by_what_is_absent() -> None:
    def compare(self: ComparisonFuncValue, env: Environment) -> None:
        value = env.stack[-1]
        if isinstance(value, NoSuchVariable) and self.operator_type is not _IS_PRESENT:
            raise NoSuchJsonPathError(value.path, env.states.get_input())
        compare_in_moto(self, env)

    compare_in_moto = replace(ComparisonFuncValue, "_eval_body", compare)


def _keep_names_of_errors_in_a_map() -> None:
    def named(error_name: str) -> ErrorName:
        # moto takes every error inside of a Map for one of the functions' own.
        if error_name.startswith(ILLEGAL_CUSTOM_ERROR_PREFIX):
            return StatesErrorName.from_name(error_name)
        return CustomErrorName(error_name)

    replace(iteration_worker, "CustomErrorName", named)
