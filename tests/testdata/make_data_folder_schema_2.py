#!/usr/bin/env python3
"""Makes tests/testdata/data_folder_schema_2: a data folder as graft-server wrote it before schema 3.

    make_data_folder_schema_2.py GRAFT_SERVER PROTO_FOLDER OUT

GRAFT_SERVER and PROTO_FOLDER must be of a version before schema 3. The server is the real one; this
script is its client and, with the messages of that version, its worker: it publishes what that
worker would have. Weights of the backbone are made up and not kept. The database comes as SQL.
"""

import hashlib
import importlib
import io
import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time

import grpc
import numpy
from grpc_tools import protoc
from PIL import Image

FEATURES = 1280
INPUT = {"height": 32, "width": 32, "crop_fraction": 0.875, "interpolation": "bicubic",
         "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "channel_order": "rgb",
         "value_range": 1.0}
LABELS = ["blue", "green", "red"]


def safetensors(tensors: dict, metadata: dict) -> bytes:
    header, at, blocks = {"__metadata__": metadata} if metadata else {}, 0, []
    for name, values in sorted(tensors.items()):
        block = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape),
                        "data_offsets": [at, at + len(block)]}
        at += len(block)
        blocks.append(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(blocks)


def backbone_tensors() -> dict:
    """Of EfficientNet-Lite0, drawn from a seed."""
    random, tensors = numpy.random.default_rng(7), {}

    def conv(name, out, groups_in, kernel):
        tensors[f"{name}.weight"] = random.normal(0, 0.05, (out, groups_in, kernel, kernel))

    def norm(name, channels):
        for key, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0),
                           ("running_var", 1.0)):
            tensors[f"{name}.{key}"] = numpy.full(channels, value)

    conv("conv_stem", 32, 3, 3)
    norm("bn1", 32)
    channels = 32
    for stage, (out, repeats, kernel, expansion) in enumerate(
            [(16, 1, 3, 1), (24, 2, 3, 6), (40, 2, 5, 6), (80, 3, 3, 6), (112, 3, 5, 6),
             (192, 4, 5, 6), (320, 1, 3, 6)]):
        for block in range(repeats):
            name, middle, number = f"blocks.{stage}.{block}", channels * expansion, 1
            if expansion != 1:
                conv(f"{name}.conv_pw", middle, channels, 1)
                norm(f"{name}.bn1", middle)
                number = 2
            conv(f"{name}.conv_dw", middle, 1, kernel)
            norm(f"{name}.bn{number}", middle)
            conv(f"{name}.conv_pwl" if expansion != 1 else f"{name}.conv_pw", out, middle, 1)
            norm(f"{name}.bn{number + 1}", out)
            channels = out
    conv("conv_head", FEATURES, channels, 1)
    norm("bn2", FEATURES)
    return tensors


def write_backbone(weights: pathlib.Path) -> None:
    folder = weights / "efficientnet_lite0"
    folder.mkdir(parents=True)
    content = safetensors(backbone_tensors(), {})
    (folder / "model.safetensors").write_bytes(content)
    (folder / "config.json").write_text(json.dumps({
        "format": 1, "id": "efficientnet_lite0", "architecture": "tf_efficientnet_lite0",
        "sha256": hashlib.sha256(content).hexdigest(), "licence": "CC0-1.0", "source": "a seed",
        "imagenet_top1": 0, "input_spec": INPUT}))


def picture(colour: str, seed: int) -> bytes:
    rgb = {"blue": (30, 60, 230), "green": (40, 200, 60), "red": (220, 40, 30)}[colour]
    image = Image.new("RGB", (12, 12), rgb)
    image.paste((seed * 20 % 256, 90, 90), (seed % 8, 0, seed % 8 + 4, 4))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def archive(files: dict) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Driver:
    def __init__(self, server: str, protos: pathlib.Path, folder: pathlib.Path):
        stubs = folder / "stubs"
        stubs.mkdir()
        well_known = str(pathlib.Path(protoc.__file__).parent / "_proto")
        files = [str(path) for path in sorted(protos.rglob("*.proto"))]
        assert protoc.main(["protoc", f"-I{protos}", f"-I{well_known}", f"--python_out={stubs}",
                            f"--grpc_python_out={stubs}", *files]) == 0
        sys.path.insert(0, str(stubs))
        self.v1 = {name: importlib.import_module(f"graft.v1.{name}_pb2")
                   for name in ("common", "dataset", "finetune")}
        self.worker_pb = importlib.import_module("graft.worker.v1.worker_pb2")
        self.data = folder / "data"
        ports = folder / "ports.json"
        self.process = subprocess.Popen(
            [server, "--data-dir", self.data, "--weights-dir", folder / "weights", "--port", "0",
             "--http-port", "0", "--port-file", ports, "--workers", "0"])
        while not ports.exists():
            assert self.process.poll() is None, "the server did not start"
            time.sleep(0.02)
        channel = grpc.insecure_channel(f"127.0.0.1:{json.loads(ports.read_text())['grpc_port']}")
        grpc_of = lambda name: importlib.import_module(f"graft.v1.{name}_pb2_grpc")
        self.datasets = grpc_of("dataset").DatasetServiceStub(channel)
        self.jobs = grpc_of("finetune").FineTuneServiceStub(channel)
        self.worker = importlib.import_module("graft.worker.v1.worker_pb2_grpc").WorkerServiceStub(
            grpc.insecure_channel(f"unix:{self.data.resolve() / 'worker.sock'}"))

    def upload(self, name: str, files: dict) -> str:
        pb = self.v1["dataset"]
        parts = iter([pb.UploadDatasetRequest(header=pb.UploadHeader(display_name=name)),
                      pb.UploadDatasetRequest(chunk=archive(files))])
        return self.datasets.UploadDataset(parts).dataset.id

    def start(self, **fields) -> str:
        labels = fields.pop("labels", {})
        request_id = fields.pop("request_id", "")
        pb = self.v1["finetune"]
        return self.jobs.StartFineTune(pb.StartFineTuneRequest(
            request_id=request_id, labels=labels, spec=pb.FineTuneSpec(**fields))).job.id

    def lease(self):
        job = self.worker.Lease(self.worker_pb.LeaseRequest(worker_id="worker-1")).job
        assert job.job_id
        return job

    def put(self, key: str, content: bytes) -> None:
        path = self.data / "blobs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def succeed(self, job, changed_stages: list) -> None:
        common, pb = self.v1["common"], self.v1["finetune"]
        report_progress = self.worker_pb.ReportRequest(
            worker_id="worker-1", job_id=job.job_id, fence=job.fence, batch=1, best_epoch=1,
            progress=pb.Progress(stage="head", epochs_done=1, epochs_total=2, fraction=0.5),
            events=[pb.JobEvent(metrics=pb.MetricsEvent(phase="head", epoch=1, metrics=[
                common.Metric(name="train_loss", value=0.9)])),
                    pb.JobEvent(warning=pb.WarningEvent(code="CLASS_IMBALANCE",
                                                        message="few of red", advice="add some"))])
        self.worker.Report(report_progress)
        random = numpy.random.default_rng(11)
        tensors = {"head.weight": random.normal(0, 0.02, (3, FEATURES)),
                   "head.bias": numpy.zeros(3)}
        description = {
            "format": 1, "backbone": "efficientnet_lite0", "backbone_digest": job.backbone_digest,
            "cut_point": "top", "changed_stages": changed_stages,
            "head": {"kind": "linear", "channels": FEATURES, "height": 1, "width": 1,
                     "hidden_units": 0, "dropout": 0.0, "classes": 3},
            "input": INPUT, "labels": LABELS}
        model = safetensors(tensors, {"graft.model": json.dumps(description, sort_keys=True)})
        card = json.dumps({"task": "classification", "labels": LABELS, "licence": "CC0-1.0"},
                          sort_keys=True).encode()
        files = [{"bytes": len(content), "name": name,
                  "sha256": hashlib.sha256(content).hexdigest()}
                 for name, content in (("card.json", card), ("model.safetensors", model))]
        manifest = json.dumps({"description": description, "files": files, "format": 1}, indent=1,
                              sort_keys=True).encode()
        for name, content in (("model.safetensors", model), ("card.json", card),
                              ("manifest.json", manifest)):
            self.put(f"{job.artifact_prefix}/{name}", content)
        finish = self.worker_pb.FinishRequest(
            worker_id="worker-1", job_id=job.job_id, fence=job.fence,
            outcome=self.worker_pb.OUTCOME_SUCCEEDED, stop_reason=pb.STOP_REASON_COMPLETED,
            best_epoch=2, metrics=[common.Metric(name="validation_accuracy", value=0.75)])
        finish.artifact.CopyFrom(self.worker_pb.PublishedArtifact(
            prefix=job.artifact_prefix, manifest_sha256=hashlib.sha256(manifest).hexdigest(),
            bytes=len(model) + len(card) + len(manifest), cut_point="top",
            changed_stages=changed_stages, head="linear", labels=LABELS,
            input_spec=common.InputSpec(**INPUT)))
        finish.artifact.card.fields.update(json.loads(card))
        finish.report.CopyFrom(common.ClassificationReport(
            class_names=LABELS, confusion=[2, 0, 0, 0, 1, 1, 0, 0, 0], accuracy=0.75,
            macro_f1=0.8333, loss=0.5, calibration_error=0.125, images=4, split="test",
            classes=[common.ClassScore(class_name="blue", precision=1, recall=1, f1=1, images=2),
                     common.ClassScore(class_name="green", precision=1, recall=0.5, f1=0.6667,
                                       images=2),
                     common.ClassScore(class_name="red")]))
        self.worker.Finish(finish)

    def fail(self, job) -> None:
        pb = self.v1["finetune"]
        self.worker.Finish(self.worker_pb.FinishRequest(
            worker_id="worker-1", job_id=job.job_id, fence=job.fence,
            outcome=self.worker_pb.OUTCOME_FAILED,
            error=pb.JobError(code="FAILED_PRECONDITION", message="training diverged in epoch 2",
                              hint="take a lower learning rate")))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0


def fill(driver: Driver) -> None:
    split = driver.upload("with parts", {
        f"{part}/{colour}/{i}.png": picture(colour, i)
        for part, count in (("train", 3), ("test", 2)) for colour in LABELS
        for i in range(10 if part == "test" else 0, (10 if part == "test" else 0) + count)
    } | {"train/blue/notes.txt": b"not a picture"})
    plain = driver.upload("plain", {f"{colour}/{i}.png": picture(colour, i + 20)
                                    for colour in LABELS[:2] for i in range(3)})
    pb = driver.v1["finetune"]
    task = pb.ClassificationTask()
    # The tensors of that stage would be megabytes: version 1 can be listed, not served.
    driver.start(dataset_id=split, model="pets", classification=task,
                 strategy=pb.STRATEGY_TOP_LAYERS)
    driver.succeed(driver.lease(), ["top"])
    driver.start(dataset_id=split, model="pets", classification=task, request_id="first",
                 labels={"team": "a"})
    driver.succeed(driver.lease(), [])
    driver.start(dataset_id=plain, model="cars", classification=task)
    driver.fail(driver.lease())
    # Queued, with an option of each kind set.
    driver.start(
        dataset_id=plain, model="cars", strategy=pb.STRATEGY_FULL,
        classification=pb.ClassificationTask(
            head=pb.HEAD_KIND_MLP, hidden_units=32, dropout=0.25, label_smoothing=0.125,
            class_weighting=pb.CLASS_WEIGHTING_BALANCED),
        training=pb.TrainingOptions(
            epochs=7, batch_size=8, learning_rate=0.5, backbone_learning_rate=0.25,
            weight_decay=0.0625, momentum=0.75, optimizer=pb.OPTIMIZER_SGD,
            schedule=pb.LEARNING_RATE_SCHEDULE_CONSTANT, warmup_epochs=0.5, gradient_clip_norm=2,
            early_stopping_patience=3, head_epochs=2, seed=9),
        data=pb.DataOptions(validation_fraction=0.25, test_fraction=0.125, augment=True))
    cancelled = driver.start(dataset_id=plain, model="cars", classification=task)
    driver.jobs.CancelJob(pb.CancelJobRequest(job_id=cancelled))


def main() -> None:
    server, protos, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_backbone(folder / "weights")
        driver = Driver(server, protos, folder)
        fill(driver)
        driver.stop()
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(driver.data / "blobs", out / "blobs")
        database = sqlite3.connect(driver.data / "graft.db")
        marks = [f"PRAGMA {name} = {database.execute(f'PRAGMA {name}').fetchone()[0]};"
                 for name in ("application_id", "user_version")]
        # Tables come by name, so that references can come before what they refer to.
        (out / "graft.sql").write_text(
            "\n".join(["PRAGMA foreign_keys = OFF;", *database.iterdump(), *marks]) + "\n")


if __name__ == "__main__":
    main()
