"""Characters that Feature Store takes for the end of a line and refuses in a value."""

from __future__ import annotations

import re

#: A value has the pattern ``.*``, whose dot matches none of these.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_FeatureValue.html
LINE_END = re.compile("[\n\r\u0085\u2028\u2029]")
