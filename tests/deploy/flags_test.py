"""flags_test.py SERVER FILE: the flags that FILE starts the server with make a valid configuration."""

import pathlib
import re
import subprocess
import sys

text = pathlib.Path(sys.argv[2]).read_text()
flags = re.findall(r'"(--[a-z-]+(?:=[^"]*)?)"', text)
flags = [flag for flag in flags if not flag.startswith("--config.file")]
assert flags, "no flags found"
subprocess.run([sys.argv[1], "--check-config", *flags], check=True)
