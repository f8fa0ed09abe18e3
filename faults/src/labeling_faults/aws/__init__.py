"""An AWS in this process: no kinder than the real one, and it fails where it is told to."""
