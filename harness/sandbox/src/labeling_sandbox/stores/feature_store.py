"""Feature Store: feature groups on moto's SageMaker, and the runtime API that moto lacks."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.sagemaker import urls
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.utilities.utils import get_partition

from in_process_aws import validation
from in_process_aws.feature_rules import MAXIMUM_BATCH, RecordError
from labeling_sandbox.base import control
from labeling_sandbox.base.moto_seams import add_operations, parameter, parameters
from labeling_sandbox.iam import authorization
from labeling_sandbox.stores import sagemaker_tags
from labeling_sandbox.stores.feature_records import FeatureGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeling_sandbox.server import Sandbox

_RESERVED_FEATURES = ("is_deleted", "write_time", "api_invocation_time")
_ADDED_BY_STORE = ("FeatureGroupName", "FeatureGroupArn", "CreationTime", "FeatureGroupStatus")
_MAX_FEATURES = 2500


class RuntimeRefusal(ServiceException):  # type: ignore[misc] # moto has no types
    """An error of the runtime API; its code is given where it is raised."""


class FeatureStoreBackend(BaseBackend):  # type: ignore[misc] # moto has no types
    """The feature groups of one account and region; ``/moto-api/reset`` forgets them.

    Attributes:
        groups: Feature groups by name.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start empty."""
        super().__init__(region_name, account_id)
        self.groups: dict[str, FeatureGroup] = {}


@dataclass(frozen=True)
class Faults:
    """The faults of writes that a test requests.

    Attributes:
        put_record_failure_rate: Share of records that are refused.
        unprocessed_rate: Share of the records of a batch that are left unprocessed.
        error_code: The code of a refusal.
        seed: What the random choices start from.
    """

    put_record_failure_rate: float = 0.0
    unprocessed_rate: float = 0.0
    error_code: str = "InternalFailure"
    seed: int = 0


class _FaultPlan:
    """The faults in force, with their own sequence of random choices."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._choice = random.Random(0)  # noqa: S311 - a simulation, not a secret
        self._lock = threading.Lock()

    def set(self, faults: Faults) -> None:
        with self._lock:
            self.faults = faults
            self._choice = random.Random(faults.seed)  # noqa: S311 - a simulation, not a secret

    def happens(self, rate: float) -> bool:
        with self._lock:
            return rate > 0 and self._choice.random() < rate


_backends = BackendDict(FeatureStoreBackend, "sagemaker")
_plan = _FaultPlan()


class FeatureStoreRuntime(BaseResponse):  # type: ignore[misc] # moto has no types
    """The API of ``featurestore-runtime.sagemaker``, which shares SageMaker's signing name."""

    def __init__(self) -> None:
        """Let moto parse requests by the service model."""
        super().__init__(service_name="sagemaker-featurestore-runtime")
        self.automated_parameter_parsing = True

    def put_record(self) -> EmptyResult:
        """PutRecord."""
        request = dict(self._get_params())
        if _plan.happens(_plan.faults.put_record_failure_rate):
            raise _injected()
        group = _group(self, request["FeatureGroupName"])
        try:
            group.put(request["Record"], request.get("TargetStores"))
        except RecordError as error:
            raise _invalid(error) from error
        return EmptyResult()

    def batch_write_record(self) -> ActionResult:
        """BatchWriteRecord: it answers 200 with what failed inside."""
        entries = self._get_param("Entries") or []
        if not 1 <= len(entries) <= MAXIMUM_BATCH:
            message = f"Entries must hold between 1 and {MAXIMUM_BATCH} records"
            raise _refusal(message)
        errors: list[dict[str, Any]] = []
        unprocessed: list[dict[str, Any]] = []
        for entry in entries:
            if _plan.happens(_plan.faults.unprocessed_rate):
                unprocessed.append(entry)
                continue
            try:
                self._write(entry)
            except RuntimeRefusal as error:
                failure = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"Entry": entry, **failure})
        return ActionResult({"Errors": errors, "UnprocessedEntries": unprocessed})

    def get_record(self) -> ActionResult:
        """GetRecord."""
        group = _group(self, self._get_param("FeatureGroupName"))
        if "OnlineStore" not in group.stores:
            message = "Validation Error: the FeatureGroup has no online store"
            raise _refusal(message)
        identifier = self._get_param("RecordIdentifierValueAsString")
        record = group.get(identifier, self._get_param("FeatureNames"))
        return ActionResult({} if record is None else {"Record": record})

    def batch_get_record(self) -> ActionResult:
        """BatchGetRecord."""
        records = [
            {
                "FeatureGroupName": wanted["FeatureGroupName"],
                "RecordIdentifierValueAsString": identifier,
                "Record": record,
            }
            for wanted in self._get_param("Identifiers")
            for identifier in wanted["RecordIdentifiersValueAsString"]
            if (record := self._online_record(wanted, identifier)) is not None
        ]
        return ActionResult({"Records": records, "Errors": [], "UnprocessedIdentifiers": []})

    def delete_record(self) -> EmptyResult:
        """DeleteRecord."""
        group = _group(self, self._get_param("FeatureGroupName"))
        try:
            group.delete(
                self._get_param("RecordIdentifierValueAsString"), self._get_param("EventTime")
            )
        except RecordError as error:
            raise _invalid(error) from error
        return EmptyResult()

    def _write(self, entry: Mapping[str, Any]) -> None:
        if _plan.happens(_plan.faults.put_record_failure_rate):
            raise _injected()
        group = _group(self, entry["FeatureGroupName"])
        try:
            group.put(entry["Record"], entry.get("TargetStores"))
        except RecordError as error:
            raise _invalid(error) from error

    def _online_record(
        self, wanted: Mapping[str, Any], identifier: str
    ) -> list[dict[str, str]] | None:
        return _group(self, wanted["FeatureGroupName"]).get(identifier, wanted.get("FeatureNames"))


def install(sandbox: Sandbox) -> None:
    """Add feature groups to moto's SageMaker, the runtime's paths and the control routes."""
    add_operations(
        SageMakerResponse,
        {
            "create_feature_group": _create_feature_group,
            "describe_feature_group": _describe_feature_group,
            "update_feature_group": _update_feature_group,
            "delete_feature_group": _delete_feature_group,
            "list_feature_groups": _list_feature_groups,
        },
    )
    sagemaker_tags.install()
    urls.url_paths["{0}/FeatureGroup/(?P<FeatureGroupName>[^/]+)$"] = FeatureStoreRuntime.dispatch
    urls.url_paths["{0}/BatchGetRecord$"] = FeatureStoreRuntime.dispatch
    urls.url_paths["{0}/BatchWriteRecord$"] = FeatureStoreRuntime.dispatch

    def records(path: Mapping[str, str], _body: dict[str, Any]) -> dict[str, list[Any]]:
        return feature_group(sandbox, path["name"]).contents()

    control.route("records/<name>", "GET", records)
    control.route("feature-store/faults", "POST", _set_faults)


def feature_group(sandbox: Sandbox, name: str) -> FeatureGroup:
    """Return a feature group by its name.

    Raises:
        ControlError: There is none.
    """
    group: FeatureGroup | None = _backends[sandbox.account][sandbox.region].groups.get(name)
    if group is None:
        message = f"there is no feature group {name}"
        raise control.ControlError(message, HTTPStatus.NOT_FOUND)
    return group


def online_store_key(account: str, region: str, name: str) -> str | None:
    """Return the caller's key of a group's online store; None where it has none.

    Args:
        account: The group's account.
        region: Its region.
        name: Its name or ARN.
    """
    group = _backends[account][region].groups.get(name.rsplit("/", 1)[-1])
    config = {} if group is None else group.description.get("OnlineStoreConfig") or {}
    key: str | None = (config.get("SecurityConfig") or {}).get("KmsKeyId")
    return key


def _set_faults(_path: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
    try:
        _plan.set(replace(Faults(), **body))
    except TypeError as error:
        raise control.ControlError(str(error)) from error
    return asdict(_plan.faults)


def _refusal(message: str, code: str = "ValidationError") -> RuntimeRefusal:
    return RuntimeRefusal(code, message)


def _injected() -> RuntimeRefusal:
    return _refusal("The sandbox was asked to refuse this record.", _plan.faults.error_code)


def _invalid(error: RecordError) -> RuntimeRefusal:
    return _refusal(f"Validation Error: {error}")


def _backend(response: BaseResponse) -> FeatureStoreBackend:
    backend: FeatureStoreBackend = _backends[response.current_account][response.region]
    return backend


def _group(response: BaseResponse, name: str) -> FeatureGroup:
    group = _backend(response).groups.get(name.rsplit("/", 1)[-1])
    if group is None:
        message = f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
        raise ResourceNotFound(message=message)
    return group


def _create_feature_group(response: SageMakerResponse) -> ActionResult:
    request = parameters(response)
    problems = validation.breaches("sagemaker", "CreateFeatureGroup", request)
    problems = problems or list(_broken_rules(request))
    if problems:
        raise ValidationError(message=validation.message(problems))
    name = request["FeatureGroupName"]
    groups = _backend(response).groups
    if name in groups:
        message = f"Resource Already Exists: FeatureGroup with name {name} already exists."
        raise ResourceInUseException(message=message)
    if request.get("RoleArn"):
        authorization.check_pass_role(response, request["RoleArn"], "sagemaker.amazonaws.com")
    described = _description(request, response)
    groups[name] = FeatureGroup(described)
    sagemaker_tags.put(described["FeatureGroupArn"], request.get("Tags") or [])
    return ActionResult({"FeatureGroupArn": described["FeatureGroupArn"]})


def _broken_rules(request: Mapping[str, Any]) -> Iterator[str]:
    definitions = request["FeatureDefinitions"]
    types = {entry["FeatureName"]: entry["FeatureType"] for entry in definitions}
    if len(types) != len(definitions):
        yield "Feature names must be distinct"
    if len(definitions) > _MAX_FEATURES:
        yield f"A feature group has at most {_MAX_FEATURES} features"
    for reserved in _RESERVED_FEATURES:
        if reserved in types:
            yield f"The feature name {reserved} is reserved"
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if request[member] not in types:
            yield f"{member} {request[member]} is not one of the feature definitions"
    time_type = types.get(request["EventTimeFeatureName"])
    if time_type == "Integral":
        yield "The event time feature must be of type String or Fractional"
    offline = request.get("OfflineStoreConfig")
    if not offline and not (request.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
        yield "At least one of OnlineStoreConfig and OfflineStoreConfig is required"
    if offline:
        yield from _offline_rules(request, offline, time_type)


def _offline_rules(
    request: Mapping[str, Any], offline: Mapping[str, Any], time_type: str | None
) -> Iterator[str]:
    if not request.get("RoleArn"):
        yield "RoleArn is required for an offline store"
    if offline.get("TableFormat") == "Iceberg":
        if time_type != "String":
            yield "The event time feature must be of type String for the Iceberg table format"
        if offline.get("DisableGlueTableCreation"):
            yield "DisableGlueTableCreation does not go with the Iceberg table format"


def _description(request: Mapping[str, Any], response: SageMakerResponse) -> dict[str, Any]:
    now = datetime.now(UTC)
    name, account, region = request["FeatureGroupName"], response.current_account, response.region
    kept = {key: value for key, value in request.items() if key != "Tags"}
    arn = f"arn:{get_partition(region)}:sagemaker:{region}:{account}:feature-group/{name.lower()}"
    described: dict[str, Any] = {
        "ThroughputConfig": {"ThroughputMode": "OnDemand"},
        **kept,
        "FeatureGroupArn": arn,
        "FeatureGroupStatus": "Created",
        "CreationTime": now,
        "LastModifiedTime": now,
        "OnlineStoreTotalSizeBytes": 0,
    }
    if request.get("OfflineStoreConfig"):
        described["OfflineStoreStatus"] = {"Status": "Active"}
        described["OfflineStoreConfig"] = _resolved_offline_store(
            request["OfflineStoreConfig"], account, region, f"{name}-{int(now.timestamp())}"
        )
    return described


def _resolved_offline_store(
    offline: Mapping[str, Any], account: str, region: str, table: str
) -> dict[str, Any]:
    storage = dict(offline["S3StorageConfig"])
    prefix = storage["S3Uri"].rstrip("/")
    storage["ResolvedOutputS3Uri"] = (
        f"{prefix}/{account}/sagemaker/{region}/offline-store/{table}/data"
    )
    resolved = {"TableFormat": "Glue", **offline, "S3StorageConfig": storage}
    resolved.setdefault("DisableGlueTableCreation", False)
    if not resolved["DisableGlueTableCreation"]:
        catalog = {
            "TableName": table.lower().replace("-", "_"),
            "Catalog": "AwsDataCatalog",
            "Database": "sagemaker_featurestore",
        }
        resolved.setdefault("DataCatalogConfig", catalog)
    return resolved


def _describe_feature_group(response: SageMakerResponse) -> ActionResult:
    name = parameter(response, "FeatureGroupName")
    return ActionResult(_group(response, name).description)


def _update_feature_group(response: SageMakerResponse) -> ActionResult:
    request = parameters(response)
    description = _group(response, request["FeatureGroupName"]).description
    description["FeatureDefinitions"] = [
        *description["FeatureDefinitions"],
        *request.get("FeatureAdditions", []),
    ]
    if "OnlineStoreConfig" in request:
        description["OnlineStoreConfig"] |= request["OnlineStoreConfig"]
    if "ThroughputConfig" in request:
        description["ThroughputConfig"] = request["ThroughputConfig"]
    description["LastModifiedTime"] = datetime.now(UTC)
    description["LastUpdateStatus"] = {"Status": "Successful"}
    return ActionResult({"FeatureGroupArn": description["FeatureGroupArn"]})


def _delete_feature_group(response: SageMakerResponse) -> EmptyResult:
    name = parameter(response, "FeatureGroupName")
    group = _group(response, name)
    del _backend(response).groups[group.description["FeatureGroupName"]]
    sagemaker_tags.forget(group.description["FeatureGroupArn"])
    return EmptyResult()


def _list_feature_groups(response: SageMakerResponse) -> ActionResult:
    part = parameter(response, "NameContains") or ""
    summaries = [
        {key: group.description[key] for key in _ADDED_BY_STORE}
        for name, group in list(_backend(response).groups.items())
        if part in name
    ]
    return ActionResult({"FeatureGroupSummaries": summaries})
