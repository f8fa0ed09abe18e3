"""What every part of the sandbox is built on."""
