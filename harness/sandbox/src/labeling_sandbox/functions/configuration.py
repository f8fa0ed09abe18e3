"""The parts of a function's configuration that moto drops.

Logging, dead letters, tracing, the key, and a reserved concurrency of zero.
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaFunction

_UPDATABLE = {
    "DeadLetterConfig": "dead_letter_config",
    "KMSKeyArn": "kms_key_arn",
    "LoggingConfig": "logging_config",
    "TracingConfig": "tracing_config",
}


def logging_config(function: LambdaFunction) -> dict[str, str]:
    """Return a function's logging configuration with Lambda's defaults filled in."""
    given: dict[str, str] = getattr(function, "logging_config", None) or {}
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
    if given.get("LogFormat") == "JSON":
        default |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    return default | given


def dead_letter_target(function: LambdaFunction) -> str | None:
    """Return the ARN of a function's dead-letter queue or topic, or None."""
    config: dict[str, str] = getattr(function, "dead_letter_config", None) or {}
    return config.get("TargetArn") or None


def install() -> None:
    """Wrap the methods of moto's function that lose these parts."""
    initialise = LambdaFunction.__init__
    configuration = LambdaFunction.get_configuration
    update = LambdaFunction.update_configuration

    def keep(
        self: LambdaFunction,
        account_id: str,
        spec: dict[str, Any],
        region: str,
        version: str | int = 1,
    ) -> None:
        initialise(self, account_id, spec, region, version)
        self.logging_config = spec.get("LoggingConfig")
        self.dead_letter_config = spec.get("DeadLetterConfig")
        self.logs_group_name = logging_config(self)["LogGroup"]

    def show(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = configuration(self, on_create)
        shown["LoggingConfig"] = logging_config(self)
        target = dead_letter_target(self)
        if target:
            shown["DeadLetterConfig"] = {"TargetArn": target}
        return shown

    def change(self: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
        for name, attribute in _UPDATABLE.items():
            if name in updates:
                setattr(self, attribute, updates[name])
        self.logs_group_name = logging_config(self)["LogGroup"]
        changed: dict[str, Any] = update(self, updates)
        return changed

    code = LambdaFunction.get_code

    def show_code(self: LambdaFunction) -> dict[str, Any]:
        shown: dict[str, Any] = code(self)
        if self.reserved_concurrency is not None:
            shown["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return shown

    LambdaFunction.__init__ = keep
    LambdaFunction.get_code = show_code
    LambdaFunction.get_configuration = show
    LambdaFunction.update_configuration = change
