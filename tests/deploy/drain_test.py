"""drain_test.py SERVER: Compose and Kubernetes wait longer than the server may take to drain."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def only(pattern, text):
    found = re.findall(pattern, text)
    assert len(found) == 1, (pattern, found)
    return float(found[0])


usage = subprocess.run([sys.argv[1], "--help"], check=True, capture_output=True, text=True).stdout
drain = only(r"--drain-timeout DURATION[ =]\[?(\d+)s", usage)
waits = {"docker-compose.yml": r"stop_grace_period: (\d+)s",
         "deploy/kubernetes/graft.yaml": r"terminationGracePeriodSeconds: (\d+)"}
for name, pattern in waits.items():
    text = (ROOT / name).read_text()
    assert "--drain-timeout=" not in text, f"{name} sets --drain-timeout: compare with that instead"
    wait = only(pattern, text)
    assert wait > drain, f"{name} kills after {wait} s, but a drain may take {drain} s"
