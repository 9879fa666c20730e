"""The one client program, graft_bench_load, and what it and the server's processes say."""

import json
import subprocess
import time


def load(setting, server, concurrency: int, per_request: int, seconds: float, labels: bool = False,
         rate: float = 0, models: tuple[str, ...] = ("bench",), protocol: str = "") -> dict:
    """A run of graft_bench_load: its line of JSON, with the CPU time of the server's processes."""
    before, own_before = server.cpu_seconds(), server.own_cpu_seconds()
    run = subprocess.run(
        [setting.bin / "graft_bench_load", "--address", f"127.0.0.1:{server.port}", "--protocol",
         protocol or server.protocol, "--images", setting.images, "--concurrency", str(concurrency),
         "--per-request", str(per_request), "--seconds", str(seconds), "--rate", str(rate)]
        + [word for model in models for word in ("--model", model)]
        + (["--labels"] if labels else []), capture_output=True, text=True)
    if not run.stdout:
        raise SystemExit(f"graft_bench_load on {server.name}: {run.stderr}")
    result = json.loads(run.stdout)
    result["server_cpu_seconds"] = server.cpu_seconds() - before
    result["own_cpu_seconds"] = server.own_cpu_seconds() - own_before
    return result


def warm(setting, server, seconds: float, concurrency: int = 2, per_request: int = 1,
         models: tuple[str, ...] = ("bench",)) -> None:
    """Waits until the server answers, then asks it for so long."""
    deadline = time.monotonic() + 120
    while True:
        if server.process.poll() is not None:
            raise SystemExit(f"{server.name} has ended")
        result = load(setting, server, 1, 1, 0.1, models=models)
        if result["errors"] == 0:
            break
        if time.monotonic() > deadline:
            raise SystemExit(f"{server.name} does not answer: {result['last_error']}")
        time.sleep(0.2)
    load(setting, server, concurrency, per_request, seconds, models=models)
