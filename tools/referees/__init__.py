"""Independent implementations that judge the module and its sandbox: ``make referees``.

Each judge installs the packages that it needs, pinned, below ``.cache/referees``. None of them is a
dependency of the project, and none is shipped with it.
"""
