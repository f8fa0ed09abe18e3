"""The functions of a continuous SageMaker Ground Truth labeling pipeline.

Layers point one way: ``handlers`` call ``steps``, steps call the adapters in ``aws``, and all of
them may use ``domain``, which knows nothing of AWS.
"""

from __future__ import annotations

__version__ = "0.1.0"
