"""Every metric that rules and the dashboard name is one that the server declares."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

dashboard = json.loads((ROOT / "deploy/grafana/dashboards/graft.json").read_text())
text = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
text += (ROOT / "deploy/prometheus/rules.yml").read_text()
named = set(re.findall(r"\bgraft_[a-z_]+", text))
assert len(named) > 10, named

families = set(re.findall(r'"(graft_[a-z_]+)"', (ROOT / "core/telemetry/metrics.cc").read_text()))
known = families | {f"{name}{suffix}" for name in families
                    for suffix in ("_bucket", "_sum", "_count")}
missing = named - known
assert not missing, f"not among the server's metrics: {sorted(missing)}"
