"""kubernetes_test.py: what the Deployment must say for the server to run as it should in a pod."""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
documents = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/graft.yaml").read_text()))
deployment = next(each for each in documents if each["kind"] == "Deployment")
services = [each["metadata"]["name"] for each in documents if each["kind"] == "Service"]
pod = deployment["spec"]["template"]["spec"]

# A Service named graft makes the kubelet set GRAFT_PORT=tcp://..., which reads like --port.
assert "graft" in services, services
assert pod["enableServiceLinks"] is False, "enableServiceLinks must be false"

# Threads fit what was asked for, not the cores of the node; workers leave serving a share.
(container,) = pod["containers"]
cpus = int(container["resources"]["requests"]["cpu"])
for flag in ("--serving-threads", "--worker-threads"):
    (value,) = [re.fullmatch(flag + r"=(\d+)", each).group(1) for each in container["args"]
                if each.startswith(flag)]
    assert 1 <= int(value) <= cpus, f"{flag}={value} with a request of {cpus} CPUs"

# A start takes as long as hashing the weights does; until it is over liveness does not count.
startup = container["startupProbe"]
assert startup["periodSeconds"] * startup["failureThreshold"] >= 600, startup
