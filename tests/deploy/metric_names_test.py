"""metric_names_test.py SERVER: rules and the dashboard name metrics that a running server shows.

A family with labels shows nothing until something has happened to it. Such a family has to be
declared in core/telemetry; every other metric has to be in what the server answers. What a rule
compares with zero has to be there from the start, or the rule could never hold.
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def scrape(program):
    """What a server without weights or workers answers on /metrics, after a clean end."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "weights").mkdir()
        ports = folder / "ports.json"
        server = subprocess.Popen(
            [program, "--port=0", "--http-port=0", "--workers=0", f"--port-file={ports}",
             f"--data-dir={folder / 'data'}", f"--weights-dir={folder / 'weights'}"])
        try:
            deadline = time.monotonic() + 60
            while not ports.exists():
                assert server.poll() is None, f"the server ended with {server.returncode}"
                assert time.monotonic() < deadline, "the server wrote no ports"
                time.sleep(0.01)
            port = json.loads(ports.read_text())["http_port"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=60) == 0
            return text
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()


dashboard = json.loads((ROOT / "deploy/grafana/dashboards/graft.json").read_text())
text = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
text += "\n" + (ROOT / "deploy/prometheus/rules.yml").read_text()
named = set(re.findall(r"\bgraft_[a-z_]+", text))
assert len(named) > 10, named

answer = scrape(sys.argv[1])
shown = set(re.findall(r"^(graft_[a-z_]+)", answer, re.MULTILINE))
declared = (ROOT / "core/telemetry/metrics.cc").read_text()
labelled = set(re.findall(r'Make(?:Counters|Gauges|Histograms)\(\s*"(graft_[a-z_]+)"', declared))
assert labelled, "no families with labels found"
histograms = set(re.findall(r'MakeHistograms\(\s*"(graft_[a-z_]+)"', declared))
labelled |= {name + suffix for name in histograms for suffix in ("_bucket", "_sum", "_count")}
missing = named - shown - labelled
assert not missing, f"not among the server's metrics: {sorted(missing)}"
assert re.search(r'^graft_jobs\{state="RUNNING"\} 0$', answer, re.MULTILINE), \
    "graft_jobs shows no RUNNING on an idle server, so that GraftQueueStands could never fire"
