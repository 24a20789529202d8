"""exits.py CODE COMMAND ...: runs the command, and fails unless it exits with
CODE and says something on stderr exactly where CODE isn't 0."""

import subprocess
import sys

expected, command = int(sys.argv[1]), sys.argv[2:]
result = subprocess.run(command, stderr=subprocess.PIPE, text=True)
sys.stderr.write(result.stderr)
if result.returncode != expected or bool(result.stderr) != (expected != 0):
    sys.exit(f"expected exit code {expected}, but got {result.returncode}")
