"""The functions of a continuous SageMaker Ground Truth labeling pipeline.

Imports go in one direction: ``handlers`` call ``steps``, steps call the adapters in ``aws``, and
all of them may use ``domain``, which does not depend on AWS.
"""

from __future__ import annotations

__version__ = "0.1.0"
