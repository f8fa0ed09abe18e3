"""S3: versioned objects, keys that must be named, uploads in parts, pages of listings.

Rules: API reference of S3, and "Multipart upload limits" and "Working with versions" in the user
guide.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.response import StreamingBody

from in_process_aws.buckets import NO_VERSION, Bucket, StoredObject, entries
from in_process_aws.calls import Answer, Clock, Parameters, RefusalError
from in_process_aws.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

_MAXIMUM_KEYS = 1000
_MINIMUM_PART_BYTES = 5 * 1024 * 1024
_MAXIMUM_PARTS = 10_000
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class _Upload:
    bucket: str
    key: str
    request: Parameters
    parts: dict[int, bytes] = field(default_factory=dict)


class S3(Service):
    """Buckets.

    Attributes:
        buckets: By name.
        hides_absent: Whether the list permission does not apply to the caller's reads, so that they
            are told 403 instead of 404 of an object that is not there.
            https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    name = "s3"

    def __init__(self, clock: Clock) -> None:
        """Start without buckets.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.buckets: dict[str, Bucket] = {}
        self.hides_absent: Callable[[], bool] = lambda: False
        self._uploads: dict[str, _Upload] = {}
        self._writes = 0
        self.operations = {
            "AbortMultipartUpload": self._abort_upload,
            "CompleteMultipartUpload": self._complete_upload,
            "CopyObject": self._copy,
            "CreateMultipartUpload": self._create_upload,
            "DeleteObject": self._delete,
            "GetObject": self._get,
            "HeadObject": self._head,
            "ListObjectsV2": self._list,
            "PutObject": self._put,
            "UploadPart": self._upload_part,
        }

    def create_bucket(
        self, name: str, *, versioned: bool = False, kms_key_arn: str | None = None
    ) -> Bucket:
        """Create a bucket; the arguments are as of :class:`Bucket`."""
        bucket = Bucket(name, versioned, kms_key_arn)
        self.buckets[name] = bucket
        return bucket

    def upload(self, bucket: str, key: str, body: bytes) -> StoredObject:
        """Put an object in place without a call, as a user outside the pipeline does."""
        with self.lock:
            return self._store(self.buckets[bucket], key, body, {})

    def body(self, bucket: str, key: str) -> bytes:
        """Return the bytes of an object's newest version without a call.

        Raises:
            KeyError: If there is none.
        """
        stored = self.buckets[bucket].current(key)
        if stored is None:
            raise KeyError(key)
        return stored.body

    def put_as_service(self, uri: str, body: bytes, kms_key_arn: str | None) -> None:
        """Write as another service of the account does, under the bucket's rules.

        Raises:
            RefusalError: If the bucket refuses it.
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_arn} if kms_key_arn else {}
        )
        self._put({"Bucket": bucket, "Key": key, "Body": body, **encryption})

    def _bucket(self, parameters: Parameters) -> Bucket:
        bucket = self.buckets.get(parameters["Bucket"])
        if bucket is None:
            code = "NoSuchBucket"
            raise RefusalError(code, "The specified bucket does not exist")
        return bucket

    def _writable(self, parameters: Parameters) -> Bucket:
        bucket = self._bucket(parameters)
        named = (parameters.get("ServerSideEncryption"), parameters.get("SSEKMSKeyId"))
        if bucket.kms_key_arn is not None and named != ("aws:kms", bucket.kms_key_arn):
            code = "AccessDenied"
            text = "Access Denied: the bucket's policy demands its own key to be named"
            raise RefusalError(code, text)
        return bucket

    def _store(
        self, bucket: Bucket, key: str, body: bytes, request: Parameters, etag: str = ""
    ) -> StoredObject:
        self._writes += 1
        stored = StoredObject(
            body=body,
            version_id=self.new_id("version") if bucket.versioned else NO_VERSION,
            etag=etag or _etag(body),
            sequencer=f"{self._writes:018X}",
            modified=self.moment(),
            encryption=_encryption(request),
        )
        bucket.add(key, stored)
        return stored

    def _put(self, parameters: Parameters) -> Answer:
        body = _bytes(parameters.get("Body", b""))
        with self.lock:
            bucket, key = self._writable(parameters), parameters["Key"]
            if parameters.get("IfNoneMatch") == "*" and bucket.current(key):
                code = "PreconditionFailed"
                text = "At least one of the pre-conditions you specified did not hold"
                raise RefusalError(code, text)
            stored = self._store(bucket, key, body, parameters)
        return _written(bucket, stored)

    def _copy(self, parameters: Parameters) -> Answer:
        with self.lock:
            found = self._found(_copy_source(parameters["CopySource"]))
            bucket = self._writable(parameters)
            stored = self._store(bucket, parameters["Key"], found.body, parameters)
        result = {"ETag": stored.etag, "LastModified": stored.modified}
        return {"CopyObjectResult": result, **_written(bucket, stored)}

    def _found(self, parameters: Parameters) -> StoredObject:
        bucket, key = self._bucket(parameters), parameters["Key"]
        version_id = parameters.get("VersionId")
        if version_id is None:
            stored = bucket.current(key)
            if stored is None and self.hides_absent():
                code = "AccessDenied"
                raise RefusalError(code, "Access Denied")
            if stored is None:
                code = "NoSuchKey"
                raise RefusalError(code, "The specified key does not exist.", Key=key)
            return stored
        for stored in bucket.objects.get(key, ()):
            if stored.version_id == version_id and not stored.deleted:
                return stored
        code = "NoSuchVersion"
        raise RefusalError(code, "The specified version does not exist.")

    def _get(self, parameters: Parameters) -> Answer:
        with self.lock:
            stored = self._found(parameters)
        body = stored.body
        answer: Answer = {}
        if "Range" in parameters:
            body, answer = _cut(stored.body, parameters["Range"])
        stream = StreamingBody(io.BytesIO(body), len(body))
        return {"Body": stream, **_described(stored, len(body)), **answer}

    def _head(self, parameters: Parameters) -> Answer:
        try:
            with self.lock:
                stored = self._found(parameters)
        except RefusalError as error:
            # The answer to HEAD has no body, so botocore knows nothing but the status.
            hidden = error.code == "AccessDenied"
            code, text = ("403", "Forbidden") if hidden else ("404", "Not Found")
            raise RefusalError(code, text) from None
        return _described(stored, len(stored.body))

    def _delete(self, parameters: Parameters) -> Answer:
        with self.lock:
            bucket, key = self._bucket(parameters), parameters["Key"]
            version_id = parameters.get("VersionId")
            if version_id is not None:
                kept = [
                    version
                    for version in bucket.objects.get(key, ())
                    if version.version_id != version_id
                ]
                bucket.objects[key] = kept
                return {"VersionId": version_id}
            marker = StoredObject(b"", self.new_id("version"), "", "", self.moment(), {}, True)
            bucket.add(key, marker)
        return {"DeleteMarker": True, "VersionId": marker.version_id} if bucket.versioned else {}

    def _list(self, parameters: Parameters) -> Answer:
        prefix, delimiter = parameters.get("Prefix", ""), parameters.get("Delimiter", "")
        after = parameters.get("ContinuationToken", parameters.get("StartAfter", ""))
        limit = min(parameters.get("MaxKeys", _MAXIMUM_KEYS), _MAXIMUM_KEYS)
        with self.lock:
            bucket = self._bucket(parameters)
            keys = [key for key in bucket.current_keys() if key.startswith(prefix)]
            found = list(entries(keys, prefix, delimiter, after.encode()))
            page = found[:limit]
            contents = [
                _listed(key, bucket.objects[key][-1]) for key, is_prefix in page if not is_prefix
            ]
        answer: Answer = {
            "IsTruncated": len(found) > limit,
            "Name": bucket.name,
            "Prefix": prefix,
            "MaxKeys": limit,
            "KeyCount": len(page),
        }
        prefixes = [{"Prefix": key} for key, is_prefix in page if is_prefix]
        answer |= {"Contents": contents} if contents else {}
        answer |= {"CommonPrefixes": prefixes} if prefixes else {}
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = page[-1][0]
        return answer

    def _create_upload(self, parameters: Parameters) -> Answer:
        with self.lock:
            bucket, key = self._writable(parameters), parameters["Key"]
            upload_id = self.new_id("upload")
            self._uploads[upload_id] = _Upload(bucket.name, key, parameters)
        return {"Bucket": bucket.name, "Key": key, "UploadId": upload_id}

    def _upload(self, parameters: Parameters) -> _Upload:
        upload = self._uploads.get(parameters["UploadId"])
        if upload is None or (upload.bucket, upload.key) != (
            parameters["Bucket"],
            parameters["Key"],
        ):
            code = "NoSuchUpload"
            raise RefusalError(code, "The specified multipart upload does not exist.")
        return upload

    def _upload_part(self, parameters: Parameters) -> Answer:
        number, body = parameters["PartNumber"], _bytes(parameters["Body"])
        if not 1 <= number <= _MAXIMUM_PARTS:
            code = "InvalidArgument"
            raise RefusalError(code, "Part number must be an integer between 1 and 10000")
        with self.lock:
            self._upload(parameters).parts[number] = body
        return {"ETag": _etag(body)}

    def _complete_upload(self, parameters: Parameters) -> Answer:
        with self.lock:
            upload = self._upload(parameters)
            listed = parameters["MultipartUpload"]["Parts"]
            numbers = [part["PartNumber"] for part in listed]
            if numbers != sorted(set(numbers)):
                code = "InvalidPartOrder"
                raise RefusalError(code, "The list of parts was not in ascending order.")
            bodies = [upload.parts.get(number) for number in numbers]
            wanted = [part["ETag"] for part in listed]
            if not bodies or [None if body is None else _etag(body) for body in bodies] != wanted:
                code = "InvalidPart"
                raise RefusalError(code, "One or more of the specified parts could not be found.")
            parts = [body for body in bodies if body is not None]
            if any(len(part) < _MINIMUM_PART_BYTES for part in parts[:-1]):
                code = "EntityTooSmall"
                text = "Your proposed upload is smaller than the minimum allowed size"
                raise RefusalError(code, text)
            etag = f'"{_etag(b"".join(parts)).strip(chr(34))}-{len(parts)}"'
            bucket = self._bucket(parameters)
            stored = self._store(bucket, upload.key, b"".join(parts), upload.request, etag)
            del self._uploads[parameters["UploadId"]]
        return {"Bucket": bucket.name, "Key": upload.key, **_written(bucket, stored)}

    def _abort_upload(self, parameters: Parameters) -> Answer:
        with self.lock:
            self._upload(parameters)
            del self._uploads[parameters["UploadId"]]
        return {}


def _copy_source(text: str) -> dict[str, str]:
    address, _, version_id = text.partition("?versionId=")
    bucket, _, key = unquote(address).lstrip("/").partition("/")
    source = {"Bucket": bucket, "Key": key}
    return {**source, "VersionId": version_id} if version_id else source


def _bytes(body: Any) -> bytes:  # noqa: ANN401 - whatever boto3 takes
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else bytes(body.read())


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _encryption(request: Parameters) -> dict[str, str]:
    names = ("ServerSideEncryption", "SSEKMSKeyId")
    given = {name: request[name] for name in names if name in request}
    return given or {"ServerSideEncryption": "AES256"}


def _written(bucket: Bucket, stored: StoredObject) -> Answer:
    version = {"VersionId": stored.version_id} if bucket.versioned else {}
    return {"ETag": stored.etag, **stored.encryption, **version}


def _described(stored: StoredObject, length: int) -> Answer:
    version = {} if stored.version_id == NO_VERSION else {"VersionId": stored.version_id}
    return {
        "ContentLength": length,
        "ETag": stored.etag,
        "LastModified": stored.modified,
        "Metadata": {},
        **stored.encryption,
        **version,
    }


def _cut(body: bytes, wanted: str) -> tuple[bytes, Answer]:
    match = _RANGE.fullmatch(wanted)
    if match is None:
        return body, {}
    start = int(match[1])
    if start >= len(body):
        code = "InvalidRange"
        raise RefusalError(code, "The requested range is not satisfiable")
    end = min(int(match[2]) if match[2] else len(body) - 1, len(body) - 1)
    return body[start : end + 1], {"ContentRange": f"bytes {start}-{end}/{len(body)}"}


def _listed(key: str, stored: StoredObject) -> dict[str, Any]:
    return {
        "Key": key,
        "LastModified": stored.modified,
        "ETag": stored.etag,
        "Size": len(stored.body),
        "StorageClass": "STANDARD",
    }
