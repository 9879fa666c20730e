#!/usr/bin/env python3
"""Makes tests/testdata/data_folder_0_1_0: a data folder as graft 0.1.0 wrote it.

    make_data_folder_0_1_0.py BIN_FOLDER MAKE_BACKBONE OUT

BIN_FOLDER holds graft-server and graft-worker of that version, MAKE_BACKBONE is the test program of
that name; all are the real ones. Three tasks are trained, one job is cancelled and one left queued.
The backbone's weights are not kept. The database comes as SQL.
"""

import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import graft_server  # noqa: E402


class Filler:
    def __init__(self, server):
        from graft.v1 import dataset_pb2, finetune_pb2
        self.pb, self.dataset_pb = finetune_pb2, dataset_pb2
        self.jobs = server.stub("finetune", "FineTuneService")
        self.datasets = server.stub("dataset", "DatasetService")

    def upload(self, name, files):
        return self.datasets.UploadDataset(graft_server.upload_parts(
            self.dataset_pb, graft_server.archive(files), display_name=name)).dataset.id

    def start(self, **spec):
        return self.jobs.StartFineTune(self.pb.StartFineTuneRequest(
            request_id=spec["model"], labels={"team": "a"},
            spec=self.pb.FineTuneSpec(**spec))).job.id

    def train(self, **spec):
        *_, last = self.jobs.Watch(self.pb.WatchRequest(job_id=self.start(**spec)))
        assert last.event.state.job.state == self.pb.JOB_STATE_SUCCEEDED, last


def labelled(header, row):
    files = {f"{name}/{i}.png": graft_server.picture(colour, i)
             for name, colour in graft_server.COLOURS.items() for i in range(6)}
    lines = [header, *(f"{name},{row(name.split('/')[0])}" for name in files)]
    return {"manifest.csv": "\n".join(lines).encode(), **files}


def fill(server):
    filler = Filler(server)
    classes = filler.upload("classes", graft_server.colour_files(6) | {"red/notes.txt": b"no"})
    labels = {"blue": "cold", "green": "cold;plant", "red": "warm"}
    several = filler.upload("labels", labelled("path,labels", labels.get))
    kelvin = {"blue": 280.5, "green": 300, "red": 320}
    numbers = filler.upload("numbers", labelled("path,number:kelvin", kelvin.get))
    filler.train(dataset_id=classes, model="colours", task={"classification": {}})
    filler.train(dataset_id=classes, model="deep", task={"classification": {"label_smoothing": 0.1}},
                 head={"kind": "HEAD_KIND_MLP", "hidden_units": 4}, training={"epochs": 2})
    filler.train(dataset_id=several, model="scenes",
                 task={"multilabel": {"class_weighting": "CLASS_WEIGHTING_BALANCED"}})
    filler.train(dataset_id=numbers, model="warmth", task={"regression": {"huber_delta": 2}})
    cancelled = filler.start(dataset_id=classes, model="cancelled", task={"classification": {}},
                             head={"kind": "HEAD_KIND_MLP"}, training={"epochs": 10000})
    filler.jobs.CancelJob(filler.pb.CancelJobRequest(job_id=cancelled))
    for _ in filler.jobs.Watch(filler.pb.WatchRequest(job_id=cancelled)):
        pass


def queue_one(server):
    """With no worker to take it."""
    filler = Filler(server)
    datasets = filler.datasets.ListDatasets(filler.dataset_pb.ListDatasetsRequest()).datasets
    classes = next(d.id for d in datasets if d.display_name == "classes")
    filler.start(dataset_id=classes, model="queued", task={"classification": {}},
                 strategy="STRATEGY_TOP_LAYERS", training={"epochs": 3, "seed": 7})


def main():
    bin_folder, make_backbone, out = (pathlib.Path(argument) for argument in sys.argv[1:4])
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        subprocess.run([make_backbone, folder / "weights"], check=True)
        stubs = folder / "stubs"
        stubs.mkdir()
        graft_server.generate_stubs(stubs)
        for fill_with, workers in ((fill, "1"), (queue_one, "0")):
            server = graft_server.Server(bin_folder, folder, "--workers", workers)
            try:
                fill_with(server)
            finally:
                server.ask_to_stop()
                status = server.wait()
            assert status == 0, server.log_text()
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "data" / "blobs", out / "blobs")
        database = sqlite3.connect(folder / "data" / "graft.db")
        marks = [f"PRAGMA {name} = {database.execute(f'PRAGMA {name}').fetchone()[0]};"
                 for name in ("application_id", "user_version")]
        # Tables come by name, so that references can come before what they refer to.
        (out / "graft.sql").write_text(
            "\n".join(["PRAGMA foreign_keys = OFF;", *database.iterdump(), *marks]) + "\n")


if __name__ == "__main__":
    main()
