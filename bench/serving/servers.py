"""graft and its peers as processes: started on ports that the kernel chooses, watched, always ended."""

import contextlib
import ctypes.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def stat_fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the third on."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def cpu_of(pid: int) -> float:
    """Seconds that a process has computed, without its children's."""
    return sum(int(field) for field in stat_fields(pid)[11:13]) / os.sysconf("SC_CLK_TCK")


def start_of(pid: int) -> str:
    """When a process started, by which it is told from a later one of the same number."""
    try:
        return stat_fields(pid)[19]
    except OSError:
        return ""


class Server:
    """A process in a session of its own, with whatever it starts in turn."""

    def __init__(self, name: str, process: subprocess.Popen, port: int, protocol: str = "predict"):
        self.name, self.process, self.port, self.protocol = name, process, port, protocol

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def processes(self) -> list[int]:
        """Its own, all of its session, and their children of whatever session."""
        parents, found = {}, {self.process.pid}
        for folder in pathlib.Path("/proc").iterdir():
            try:
                if folder.name.isdigit():
                    _, parent, _, session = stat_fields(int(folder.name))[:4]
                    parents[int(folder.name)] = int(parent)
                    if int(session) == self.process.pid:
                        found.add(int(folder.name))
            except OSError:  # ended meanwhile
                pass
        while True:
            children = {pid for pid, parent in parents.items() if parent in found} - found
            if not children:
                return [pid for pid in found if pid in parents]
            found |= children

    def cpu_seconds(self) -> float:
        """Of all its processes, and of those that they have seen end."""
        ticks = 0
        for pid in self.processes():
            try:
                ticks += sum(int(field) for field in stat_fields(pid)[11:15])
            except OSError:
                pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def own_cpu_seconds(self) -> float:
        """Of the server's process alone, not of what it started."""
        return cpu_of(self.process.pid)

    def resident_bytes(self) -> int:
        """Of the server's process alone."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return 1024 * int(line.split()[1])
        raise SystemExit(f"{self.name} has ended")

    def stop(self) -> None:
        started = {pid: start_of(pid) for pid in self.processes()}
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid, start in started.items():
            if pid != self.process.pid and start and start_of(pid) == start:  # left behind by it
                os.kill(pid, signal.SIGKILL)


class Graft(Server):
    def __init__(self, name: str, process: subprocess.Popen, port: int, programs: pathlib.Path):
        super().__init__(name, process, port)
        self.programs = programs

    def cli(self, *words: str) -> str:
        done = subprocess.run([self.programs / "graft", "--server", f"127.0.0.1:{self.port}",
                               "--output", "json", *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"graft {' '.join(words)}: {done.stderr}{done.stdout}")
        return done.stdout

    def upload(self, images: pathlib.Path) -> str:
        return json.loads(self.cli("dataset", "upload", str(images)))["dataset"]["id"]


@contextlib.contextmanager
def stopped_on_failure(server: Server):
    try:
        yield
    except BaseException:
        server.stop()
        raise


def start_graft(setting, name: str, *flags: str) -> Graft:
    """On a copy of its own of the data that Setting.train has made, or where there is none yet makes
    it."""
    data = setting.folder / "data"
    if data.exists():
        data = shutil.copytree(data, setting.folder / f"data-{name}")
    ports = setting.folder / f"ports-{name}.json"
    log = setting.folder / f"log-{name}"
    with log.open("w") as out:
        process = subprocess.Popen(
            [setting.bin / "graft-server", "--data-dir", data, "--weights-dir",
             setting.weights.parent, "--default-backbone", setting.weights.name, "--port", "0",
             "--http-port", "0", "--port-file", ports, "--serving-threads", str(setting.threads),
             *flags], stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    server = Graft(name, process, 0, setting.bin)
    with stopped_on_failure(server):
        while not ports.exists():
            if process.poll() is not None:
                raise SystemExit(f"graft-server ended:\n{log.read_text()}")
            time.sleep(0.05)
        server.port = json.loads(ports.read_text())["grpc_port"]
    return server


def allocator(openvino: bool) -> dict:
    """Peers keep freed pages as graft does (core/base/jemalloc_options.cc), and by the same jemalloc.
    OpenVINO's Python package ends under another allocator than glibc's (it opens its plug-ins with
    RTLD_DEEPBIND), which is then told to keep them."""
    if openvino:
        return {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "-1"}
    library = ctypes.util.find_library("jemalloc")
    if library is None:
        raise SystemExit("no jemalloc here, which graft's server has")
    return {"LD_PRELOAD": library, "MALLOC_CONF": "dirty_decay_ms:-1"}


def start_peer(setting, name: str, program: str, *words: str, protocol: str = "predict",
               python: str = sys.executable) -> Server:
    log = setting.folder / f"log-{name}"
    with log.open("w") as out:
        process = subprocess.Popen(
            [python, HERE / "peers" / program, "--network", setting.folder / "network", "--threads",
             str(setting.threads), *words], stdout=subprocess.PIPE, stderr=out, text=True,
            start_new_session=True,
            env={**os.environ, **allocator(openvino="openvino" in name),
                 "PYTHONPATH": str(setting.folder / "stubs")})
    server = Server(name, process, 0, protocol)
    with stopped_on_failure(server):
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise SystemExit(f"{name} ended:\n{log.read_text()}")
        server.port = int(line)
    return server
