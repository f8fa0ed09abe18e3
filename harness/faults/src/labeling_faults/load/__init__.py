"""The pipeline under load: days of many uploads, under AWS's quotas and a simulated clock."""
