"""The limits of SQS, for the account and for the sandbox.

API reference of SQS, "Amazon SQS message quotas" in the developer guide.
"""

from __future__ import annotations

import re

#: The total of a batch, and the most that the provider lets a queue's ``maximumMessageSize`` be.
MAXIMUM_BATCH_BYTES = 262_144
MAXIMUM_BATCH_ENTRIES = 10
MAXIMUM_VISIBILITY_SECONDS = 43_200

BATCH_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
#: SendMessage takes the characters that XML 1.0 allows.
FORBIDDEN_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
