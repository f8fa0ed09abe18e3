"""Lints the policies named on standard input; runs in the scanners' environment.

Reads a JSON object of policy documents by name, writes a list of findings of parliament: the
policy's name, the code of the finding and what it is about.
"""

from __future__ import annotations

import json
import sys

import parliament


def main() -> None:
    findings = []
    for name, document in json.load(sys.stdin).items():
        for finding in parliament.analyze_policy_string(document).findings:
            about = finding.detail or ""
            findings.append([name, finding.issue, f"{about} {finding.location.get('string', '')}"])
    json.dump(findings, sys.stdout)


main()
