"""The whole way through graft as a Python user goes it, against real processes."""

import hashlib
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

import grpc
import numpy
import tritonclient.grpc
import tritonclient.utils

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import graft_server  # noqa: E402

BIN = pathlib.Path(os.environ["GRAFT_BIN"])
MAKE_BACKBONE = os.environ["GRAFT_MAKE_BACKBONE"]
RPC_SECONDS = 300  # workers run at nice 19: on a busy machine they wait
CODE = grpc.StatusCode


class EndToEndTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = graft_server.scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = pathlib.Path(cls.scratch.name)
        subprocess.run([MAKE_BACKBONE, folder / "weights"], check=True)
        stubs = folder / "stubs"
        stubs.mkdir()
        graft_server.generate_stubs(stubs)
        global dataset_pb2, finetune_pb2, model_pb2, options_pb2, prediction_pb2, backbone_pb2
        global capture_pb2, task_pb2
        from graft.v1 import (backbone_pb2, capture_pb2, dataset_pb2, finetune_pb2, model_pb2,  # noqa: F401
                              options_pb2, prediction_pb2, task_pb2)
        cls.server = graft_server.Server(BIN, folder, "--worker-threads", "2",
                                         "--reflection", "--request-log-share", "1")
        cls.addClassCleanup(lambda: cls.server.process.poll() is None and cls.server.kill())
        cls.jobs = cls.server.stub("finetune", "FineTuneService")
        cls.datasets = cls.server.stub("dataset", "DatasetService")
        cls.models = cls.server.stub("model", "ModelService")
        cls.backbones = cls.server.stub("backbone", "BackboneService")
        cls.predictions = cls.server.stub("prediction", "PredictionService")
        cls.captures = cls.server.stub("capture", "CaptureService")

    def upload(self, files, **header):
        content = files if isinstance(files, bytes) else graft_server.archive(files)
        return self.datasets.UploadDataset(
            graft_server.upload_parts(dataset_pb2, content, **header), timeout=RPC_SECONDS)

    def start(self, dataset_id, model, request_id="", **training):
        """A head on frozen features."""
        return self.jobs.StartFineTune(finetune_pb2.StartFineTuneRequest(
            request_id=request_id,
            spec=finetune_pb2.FineTuneSpec(
                dataset_id=dataset_id, model=model,
                strategy=options_pb2.STRATEGY_FEATURE_EXTRACTION,
                task={"classification": {}},
                training=options_pb2.TrainingOptions(**training))), timeout=RPC_SECONDS)

    def watch(self, job_id, after=0):
        return [response.event for response in self.jobs.Watch(
            finetune_pb2.WatchRequest(job_id=job_id, after_sequence=after), timeout=RPC_SECONDS)]

    def predict(self, model, images, **fields):
        return self.predictions.Predict(prediction_pb2.PredictRequest(
            model=model, inputs=[prediction_pb2.PredictInput(image=image) for image in images],
            **fields), timeout=RPC_SECONDS)

    def graft(self, *words):
        return subprocess.run([BIN / "graft", "--server", self.server.address, *words],
                              capture_output=True, text=True, timeout=60)

    def metric(self, name):
        text = urllib.request.urlopen(f"{self.server.http}/metrics", timeout=30).read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith((name + " ", name + "{")))

    def assert_fails(self, code, text, call, *arguments, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **fields)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(text, caught.exception.details())

    def assert_no_gaps(self, events):
        """1, 2, 3 ...; progress that is not stored repeats the number before it."""
        last = 0
        for event in events:
            live = event.sequence == last and event.HasField("progress")
            self.assertTrue(live or event.sequence == last + 1, event)
            last = event.sequence

    def files(self, *below):
        """Those below a folder of the server's. It may delete them meanwhile, folders too."""
        for folder, _, names in os.walk(self.server.folder.joinpath(*below)):
            yield from (pathlib.Path(folder, name) for name in names)

    def blobs(self):
        return sorted(str(path) for path in self.files("data") if "blobs" in path.parts)

    def uploading(self):
        """Bytes of uploads under way."""
        total = 0
        for path in self.files("data", "tmp"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                pass  # deleted just now
        return total

    def eventually(self, condition, what):
        deadline = time.monotonic() + RPC_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    # --- The way through ---------------------------------------------------------------------

    def test_1_upload_train_watch_predict(self):
        backbones = self.backbones.ListBackbones(backbone_pb2.ListBackbonesRequest()).backbones
        self.assertEqual([b.id for b in backbones], ["efficientnet_lite0"])
        self.assertTrue(backbones[0].is_default)

        uploaded = self.upload(graft_server.colour_files(20), display_name="colours")
        self.assertTrue(uploaded.created)
        self.assertEqual([c.name for c in uploaded.dataset.summary.classification.classes], ["blue", "green", "red"])
        self.assertEqual(uploaded.dataset.images, 60)
        type(self).dataset_id = uploaded.dataset.id

        started = self.start(uploaded.dataset.id, "colours", request_id="first")
        self.assertTrue(started.created)
        events = self.watch(started.job.id)
        self.assert_no_gaps(events)
        job = events[-1].state.job
        self.assertEqual(job.state, finetune_pb2.JOB_STATE_SUCCEEDED, job.error)
        self.assertEqual(job.model_version, 1)
        self.assertGreater(job.report.classification.accuracy, 0.9)
        # The spec comes back with every default resolved.
        self.assertTrue(job.spec.fine_tune.training.HasField("epochs"))

        # Straight after SUCCEEDED, no NOT_FOUND.
        answer = self.predict("colours", [graft_server.picture((225, 45, 35), 77, form)
                                          for form in ("PNG", "JPEG", "WEBP", "BMP")],
                              options={"classification": {"top_k": 2}})
        self.assertEqual(answer.version, 1)
        for output in answer.outputs:
            labels = output.classification.labels
            self.assertEqual(len(labels), 2)
            self.assertEqual(labels[0].label, "red")
            self.assertGreaterEqual(labels[0].probability, labels[1].probability)
            self.assertEqual(output.classification.answer, "red")
            self.assertLess(output.unknown_score, 2)

    def test_2_answers_say_how_far_to_trust_them(self):
        red = graft_server.picture(graft_server.COLOURS["red"], 78)
        asked = self.predict("colours", [red], options={"classification": {
            "coverage": 0.8, "threshold": 1.0}})
        answer = asked.outputs[0].classification
        self.assertIn("red", answer.prediction_set)
        self.assertEqual((answer.answer, answer.labels[0].label), ("", "red"))
        self.assertEqual(answer.abstention, task_pb2.ABSTENTION_BELOW_THRESHOLD)
        many = self.predictions.PredictMany(prediction_pb2.PredictManyRequest(
            models=[{"model": "colours"}, {"model": "colours", "version": 1}],
            inputs=[{"image": red}], priority=prediction_pb2.PRIORITY_BULK), timeout=RPC_SECONDS)
        self.assertEqual([each.version for each in many.answers], [1, 1])
        self.assertEqual(many.answers[0].outputs, many.answers[1].outputs)
        embedded = self.predictions.Embed(prediction_pb2.EmbedRequest(
            model="colours", inputs=[{"image": red}, {"image": red}]), timeout=RPC_SECONDS)
        self.assertEqual(embedded.embeddings[0], embedded.embeddings[1])
        self.assertGreater(len(embedded.embeddings[0].values), 100)
        explained = self.predictions.Explain(prediction_pb2.ExplainRequest(
            model="colours", input={"image": red}, of="green", overlay=True), timeout=RPC_SECONDS)
        self.assertEqual(explained.of, "green")
        self.assertEqual(len(explained.map.values), explained.map.height * explained.map.width)
        self.assertTrue(explained.overlay_png.startswith(b"\x89PNG"))
        shown = self.models.GetModel(model_pb2.GetModelRequest(model="colours")).version
        self.assertEqual(shown.novelty.held_out_images, 12)
        self.assertEqual(shown.outputs.classification.coverage_images, 12)
        metrics = urllib.request.urlopen(f"{self.server.http}/metrics", timeout=30).read().decode()
        self.assertIn('graft_predict_judged_inputs_total{model="colours"}', metrics)

    def test_2_watch_resumes_without_gap_or_repeat(self):
        job = self.jobs.ListJobs(finetune_pb2.ListJobsRequest()).jobs[0]
        everything = self.watch(job.id)
        rest = self.watch(job.id, after=3)
        self.assertEqual([e.sequence for e in rest], [e.sequence for e in everything[3:]])

    def test_3_same_request_same_job(self):
        again = self.start(self.dataset_id, "colours", request_id="first")
        self.assertFalse(again.created)
        self.assertEqual(again.job.state, finetune_pb2.JOB_STATE_SUCCEEDED)
        self.assert_fails(CODE.ALREADY_EXISTS, "first", self.start, self.dataset_id, "colours",
                          request_id="first", epochs=3)

    def drift(self):
        """What is told of the latest version of "colours", by what it is of."""
        serving = self.models.GetModel(model_pb2.GetModelRequest(model="colours")).serving
        return {each.of: each for each in serving.drift}

    def test_3_then_one_colour_alone_is_drift(self):
        pictures = {name: [graft_server.picture(colour, i) for i in range(16)]
                    for name, colour in graft_server.COLOURS.items()}
        for _ in range(4):
            for each in pictures.values():
                self.predict("colours", each)
        answers = self.drift()["answers"]
        self.assertGreaterEqual(answers.inputs, 192)
        self.assertEqual(answers.index, 0, answers)
        self.assertIn("drift     none: the last", self.graft("models", "show", "colours").stdout)

        for _ in range(64):
            self.predict("colours", pictures["red"])
        answers = self.drift()["answers"]
        self.assertGreater(answers.index, 0.25)
        self.assertIn(answers.what, ("blue", "green"))
        self.assertEqual(answers.now, 0, "the last thousand were all red")
        self.assertLessEqual(answers.inputs, 1000)
        self.assertIn(f"answers: {answers.what} ", self.graft("models", "show", "colours").stdout)
        text = urllib.request.urlopen(f"{self.server.http}/metrics", timeout=30).read().decode()
        series = 'graft_predict_drift{model="colours",of="answers",project="default",version="1"} '
        line = next(line for line in text.splitlines() if line.startswith(series))
        self.assertAlmostEqual(float(line.removeprefix(series)), answers.index, places=6)

        # In the dark: each picture another, so that none is remembered.
        for i in range(0, 160, 16):
            self.predict("colours", [graft_server.picture((9 + at % 32, 5, 9 + at // 32), at)
                                     for at in range(i, i + 16)])
        brightness = self.drift()["brightness"]
        self.assertGreater(brightness.index, 0.25)
        self.assertLess(brightness.now, brightness.usual - brightness.deviation)

    def test_4_second_job_computes_no_features_and_makes_version_2(self):
        before = self.metric("graft_backbone_forward_images_total")
        self.assertEqual(before, 3 * 60, "each picture once in each framing")
        job = self.watch(self.start(self.dataset_id, "colours", l2=0.5).job.id)[-1].state.job
        self.assertEqual(job.state, finetune_pb2.JOB_STATE_SUCCEEDED, job.error)
        self.assertEqual(job.model_version, 2)
        self.assertEqual(self.metric("graft_backbone_forward_images_total"), before)
        blue = graft_server.picture((30, 60, 230), 3)
        for version in (1, 2):
            self.assertEqual(self.predict("colours", [blue], version=version).version, version)
        # The latest moves once version 2 is loaded and warm.
        deadline = time.monotonic() + RPC_SECONDS
        while self.predict("colours", [blue]).version != 2:
            self.assertLess(time.monotonic(), deadline, "version 2 never became the latest")
        model = self.models.GetModel(model_pb2.GetModelRequest(model="colours"))
        self.assertEqual(model.serving.engine, "openvino")
        self.assertEqual(list(model.serving.declined), [])
        # In which precision is the processor's and the trial's to say: both are always looked at.
        precision = model.version.precision
        self.assertEqual([trial.precision for trial in precision.trials], ["int8", "bf16"])
        self.assertEqual(model.serving.precision, precision.chosen)
        self.assertEqual(model.serving.precision_reason, precision.reason)
        good_enough = [trial.precision for trial in precision.trials
                       if not trial.declined and trial.agreement >= 0.995
                       and trial.score_f32 - trial.score <= 0.005]
        self.assertEqual(precision.chosen, [*good_enough, "f32"][0], precision)
        self.assertIn(f"{[*good_enough, 'bf16'][0]}: ", precision.reason)
        self.assertEqual(list(model.model.versions), [1, 2])
        self.assertEqual(list(model.version.outputs.classification.labels), ["blue", "green", "red"])

    def test_4_then_labels_move_and_move_back(self):
        blue = graft_server.picture((30, 60, 230), 3)

        def answers():
            return self.predict("colours", [blue], label="stable").version

        self.assertIn("no version", self.graft("models", "label", "colours", "stable", "1").stdout)
        self.assertEqual(answers(), 1)
        moved = self.graft("models", "label", "colours", "stable", "2", "--expect", "1")
        self.assertIn("version 1", moved.stdout)
        self.assertEqual(answers(), 2)
        refused = self.graft("models", "delete", "colours", "--model-version", "2")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("stable", refused.stderr)
        self.graft("models", "label", "colours", "stable", "1")
        self.assertEqual(answers(), 1)
        shown = self.graft("models", "show", "colours", "--label", "stable").stdout
        self.assertIn("1 (of 1, 2)", shown)
        self.assertIn("stable 1", shown)
        self.assertIn("version 1", self.graft("models", "unlabel", "colours", "stable").stdout)
        self.assert_fails(CODE.NOT_FOUND, "no label", self.predictions.Predict,
                          prediction_pb2.PredictRequest(model="colours", label="stable", inputs=[
                              prediction_pb2.PredictInput(image=blue)]))

    def test_5_same_content_is_one_dataset(self):
        again = self.upload(graft_server.archive(graft_server.colour_files(20), "w:gz"))
        self.assertFalse(again.created)
        self.assertEqual(again.dataset.id, self.dataset_id)

    def test_6_cancel(self):
        job = self.start(self.dataset_id, "cancelled", epochs=10000,
                         optimizer=options_pb2.OPTIMIZER_SGD,
                         early_stopping_patience=0).job
        self.jobs.CancelJob(finetune_pb2.CancelJobRequest(job_id=job.id))
        last = self.watch(job.id)[-1].state.job
        self.assertEqual(last.state, finetune_pb2.JOB_STATE_CANCELLED)
        self.assert_fails(CODE.NOT_FOUND, "cancelled", self.predict, "cancelled",
                          [graft_server.picture((1, 2, 3), 1)])

    def test_6_pause_resume_and_stop(self):
        job = self.start(self.dataset_id, "stopped", epochs=10000,
                         optimizer=options_pb2.OPTIMIZER_SGD,
                         early_stopping_patience=0).job
        states = []
        asked = set()
        for response in self.jobs.Watch(finetune_pb2.WatchRequest(job_id=job.id),
                                        timeout=RPC_SECONDS):
            event = response.event
            if event.WhichOneof("event") == "state":
                states.append(event.state.state)
                if event.state.state == finetune_pb2.JOB_STATE_PAUSED:
                    resumed = self.jobs.ResumeJob(finetune_pb2.ResumeJobRequest(job_id=job.id)).job
                    self.assertEqual(resumed.state, finetune_pb2.JOB_STATE_QUEUED)
            if event.WhichOneof("event") == "metrics" and "pause" not in asked:
                asked.add("pause")
                self.jobs.PauseJob(finetune_pb2.PauseJobRequest(job_id=job.id))
            elif (event.WhichOneof("event") == "metrics" and "stop" not in asked
                    and finetune_pb2.JOB_STATE_PAUSED in states):
                asked.add("stop")
                self.jobs.StopJob(finetune_pb2.StopJobRequest(job_id=job.id))
        last = self.jobs.GetStatus(finetune_pb2.GetStatusRequest(job_id=job.id)).job
        self.assertEqual(last.state, finetune_pb2.JOB_STATE_SUCCEEDED)
        self.assertEqual(last.stop_reason, finetune_pb2.STOP_REASON_STOPPED)
        self.assertEqual(states.count(finetune_pb2.JOB_STATE_RUNNING), 2)
        self.assertTrue(self.predict("stopped", [graft_server.picture((1, 2, 3), 1)]).outputs)

    # --- Other tasks, from a manifest ----------------------------------------------------------

    def train_from_manifest(self, task, header, row):
        """A model of `task` from coloured pictures, of which `row(colour, number)` says the rest
        of a manifest's line."""
        files = graft_server.colour_files(20, salt=1)
        lines = [header]
        for name in files:
            colour, number = name.removesuffix(".png").split("/")
            lines.append(f"{name},{row(colour, int(number))}")
        files = {"manifest.csv": "\n".join(lines).encode(), **files}
        dataset = self.upload(files, display_name=task).dataset
        self.assertEqual(dataset.summary.WhichOneof("summary"), task)
        started = self.jobs.StartFineTune(finetune_pb2.StartFineTuneRequest(
            spec=finetune_pb2.FineTuneSpec(dataset_id=dataset.id, model=task, task={task: {}})),
            timeout=RPC_SECONDS)
        job = self.watch(started.job.id)[-1].state.job
        self.assertEqual(job.state, finetune_pb2.JOB_STATE_SUCCEEDED, job.error)
        # A dataset is labelled for one task.
        self.assert_fails(CODE.INVALID_ARGUMENT, "labelled for " + task, self.start, dataset.id,
                          "classes")
        return job

    def test_7_several_labels_an_image(self):
        labels = {"blue": "cold", "green": "cold;plant", "red": "warm"}
        job = self.train_from_manifest("multilabel", "path,labels",
                                       lambda colour, _: labels[colour])
        report = job.report.multilabel
        self.assertGreater(report.mean_average_precision, 0.9)
        self.assertEqual([label.label for label in report.labels], ["cold", "plant", "warm"])
        green = graft_server.picture(graft_server.COLOURS["green"], 77)
        answer = self.predict("multilabel", [green]).outputs[0].multilabel
        self.assertEqual({label.label for label in answer.labels}, {"cold", "plant"})
        answer = self.predict("multilabel", [green], options={"multilabel": {"all_labels": True}})
        self.assertEqual(len(answer.outputs[0].multilabel.labels), 3)
        self.assert_fails(CODE.INVALID_ARGUMENT, "multilabel", self.predict, "multilabel", [green],
                          options={"classification": {"top_k": 1}})

    def test_8_numbers_of_an_image(self):
        degrees = {"blue": 280, "green": 300, "red": 320}
        job = self.train_from_manifest("regression", "path,number:kelvin",
                                       lambda colour, number: degrees[colour] + number % 2)
        report = job.report.regression
        self.assertGreater(report.r2, 0.8)
        self.assertLess(report.numbers[0].mean_absolute_error, 8)
        answer = self.predict("regression", [
            graft_server.picture(graft_server.COLOURS[colour], 77) for colour in ("blue", "red")])
        blue, red = (output.regression.numbers[0] for output in answer.outputs)
        self.assertEqual(blue.name, "kelvin")
        self.assertAlmostEqual(blue.value, 280, delta=10)
        self.assertAlmostEqual(red.value, 320, delta=10)

    def test_9_tritons_client_as_it_is(self):
        client = tritonclient.grpc.InferenceServerClient(self.server.address)
        self.addCleanup(client.close)
        self.assertTrue(client.is_server_live())
        self.assertTrue(client.is_server_ready())
        self.assertTrue(client.is_model_ready("colours"))
        self.assertFalse(client.is_model_ready("nothing"))
        self.assertEqual(client.get_server_metadata().name, "graft")
        metadata = client.get_model_metadata("colours")
        self.assertEqual([(t.name, t.datatype, list(t.shape)) for t in metadata.inputs],
                         [("image", "BYTES", [-1, 1])])
        self.assertEqual([(t.name, t.datatype, list(t.shape)) for t in metadata.outputs],
                         [("probabilities", "FP32", [-1, 3])])

        pictures = [graft_server.picture(graft_server.COLOURS[colour], 91)
                    for colour in ("red", "blue")]
        tensor = tritonclient.grpc.InferInput("image", [2, 1], "BYTES")
        tensor.set_data_from_numpy(numpy.array(pictures, dtype=numpy.object_).reshape(2, 1))
        result = client.infer("colours", [tensor], model_version="1", request_id="call-7")
        self.assertEqual(result.get_response().id, "call-7")
        self.assertEqual(result.get_response().model_version, "1")
        probabilities = result.as_numpy("probabilities")
        # blue, green, red
        self.assertEqual(probabilities.argmax(axis=1).tolist(), [2, 0])
        numpy.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        top = tritonclient.grpc.InferRequestedOutput("probabilities", class_count=1)
        classes = client.infer("colours", [tensor], outputs=[top]).as_numpy("probabilities")
        self.assertEqual([row[0].decode().split(":")[1:] for row in classes],
                         [["2", "red"], ["0", "blue"]])
        own = self.predict("colours", pictures, version=1)
        for row, output in zip(probabilities, own.outputs):
            for label in output.classification.labels:
                self.assertAlmostEqual(row[label.index], label.probability, places=6)

        answered = queue.Queue()
        client.start_stream(callback=lambda result, error: answered.put((result, error)))
        for i in range(20):
            client.async_stream_infer("colours", [tensor], request_id=str(i))
        client.async_stream_infer("nothing", [tensor], request_id="bad")
        client.stop_stream()
        results = [answered.get(timeout=RPC_SECONDS) for _ in range(21)]
        errors = [error for _, error in results if error is not None]
        self.assertEqual(len(errors), 1)
        self.assertIn("nothing", errors[0].message())
        self.assertEqual({result.get_response().id for result, error in results if error is None},
                         {str(i) for i in range(20)})
        config = client.get_model_config("colours").config
        self.assertEqual((config.input[0].name, list(config.input[0].dims)), ("image", [1]))
        self.assertGreater(config.max_batch_size, 1)
        statistics = client.get_inference_statistics("colours", "2").model_stats[0]
        self.assertGreaterEqual(statistics.inference_count, 40)
        self.assertGreater(statistics.inference_stats.compute_infer.ns, 0)

        self.assertIn("stays in memory", self.graft("models", "pin", "colours").stdout)
        self.assertIn("pinned", self.graft("models", "show", "colours").stdout)
        with self.assertRaisesRegex(tritonclient.utils.InferenceServerException, "is pinned"):
            client.unload_model("colours")
        self.assertEqual(self.graft("models", "unpin", "colours").returncode, 0)
        client.unload_model("colours")
        states = {(m.name, m.version): m.state for m in client.get_model_repository_index().models}
        self.assertEqual(states["colours", "2"], "UNAVAILABLE")
        client.load_model("colours")
        states = {(m.name, m.version): m.state for m in client.get_model_repository_index().models}
        self.assertEqual(states["colours", "2"], "READY")

        # Framed and normalised by the client: what the server makes of a picture of that size.
        spec = self.models.GetModel(model_pb2.GetModelRequest(model="colours")).version.input_spec
        shape = [1, 3, spec.height, spec.width]
        red = numpy.array(graft_server.COLOURS["red"], numpy.float32).reshape(1, 3, 1, 1) / 255
        mean, std = (numpy.array(numbers).reshape(1, 3, 1, 1) for numbers in (spec.mean, spec.std))
        pixels = tritonclient.grpc.InferInput("pixels", shape, "FP32")
        pixels.set_data_from_numpy(
            numpy.broadcast_to((red - mean) / std, shape).astype(numpy.float32))
        probabilities = client.infer("colours", [pixels]).as_numpy("probabilities")
        self.assertEqual(probabilities.argmax(axis=1).tolist(), [2])

        numbers = tritonclient.grpc.InferInput("image", [1, 4], "FP32")
        numbers.set_data_from_numpy(numpy.zeros((1, 4), numpy.float32))
        for arguments, message in (
                (("nothing", [tensor]), "nothing"),
                (("colours", [numbers]), "must be BYTES"),
                (("colours", []), "holds no tensor"),
                (("colours", [tensor], "7"), "version 7")):
            with self.assertRaises(tritonclient.utils.InferenceServerException) as refused:
                client.infer(*arguments)
            self.assertIn(message, refused.exception.message())

    # --- What is kept of predictions -----------------------------------------------------------

    def kept(self, **fields):
        return self.captures.ListCapturedPictures(
            capture_pb2.ListCapturedPicturesRequest(**fields), timeout=RPC_SECONDS).pictures

    def test_a_pictures_are_kept_fetched_and_deleted(self):
        pictures = [graft_server.picture((90, 90, 90), i) for i in range(3)]
        self.predict("colours", pictures)
        self.assertEqual(len(self.kept()), 0, "nobody has asked for any")
        self.captures.SetCapturePolicy(capture_pb2.SetCapturePolicyRequest(
            model="colours", policy={"max_confidence": 1, "unknown": True, "retention_days": 1}))
        answers = self.predict("colours", pictures, version=1).outputs
        self.predict("colours", pictures, version=1)
        self.eventually(lambda: len(self.kept()) == 3, "they are not kept")
        self.assertEqual(self.metric("graft_capture_pictures_total"), 3)
        self.assertEqual(self.metric("graft_capture_bytes"), sum(map(len, pictures)))

        by_hand = self.server.folder / "to-label"
        for picture in self.kept(model="colours"):
            got = self.captures.GetCapturedPicture(
                capture_pb2.GetCapturedPictureRequest(picture_id=picture.picture_id))
            self.assertEqual(hashlib.sha256(got.image).hexdigest(), picture.picture_id)
            output = answers[pictures.index(got.image)]
            self.assertEqual((picture.model, picture.version), ("colours", 1))
            self.assertEqual(picture.answer, output.classification.labels[0].label)
            self.assertEqual(picture.probability, output.classification.labels[0].probability)
            self.assertEqual(picture.unknown_score, output.unknown_score)
            self.assertEqual(picture.expire_time.seconds - picture.create_time.seconds, 24 * 3600)
        self.assertEqual(len(self.kept(model="multilabel")), 0)

        self.assertIn("3 pictures kept", self.graft("capture").stdout)
        self.assertIn("colours:1", self.graft("capture", "list").stdout)
        self.assertIn("3 pictures fetched", self.graft("capture", "fetch", str(by_hand)).stdout)
        written = [path for path in by_hand.rglob("*.png")]
        self.assertEqual(sorted(path.read_bytes() for path in written), sorted(pictures))
        self.assertEqual({path.parent.name for path in written},
                         {output.classification.labels[0].label for output in answers})
        (by_hand / "grey").mkdir()
        written[0].rename(by_hand / "grey" / written[0].name)
        self.assertIn("3 pictures had been fetched", self.graft("capture", "fetch", str(by_hand)).stdout)

        # Asked in other ways: by PredictMany, and by Triton's client.
        others = [graft_server.picture((90, 90, 90), i) for i in (7, 8)]
        self.predictions.PredictMany(prediction_pb2.PredictManyRequest(
            models=[{"model": "colours"}], inputs=[{"image": others[0]}]), timeout=RPC_SECONDS)
        client = tritonclient.grpc.InferenceServerClient(self.server.address)
        self.addCleanup(client.close)
        tensor = tritonclient.grpc.InferInput("image", [1, 1], "BYTES")
        tensor.set_data_from_numpy(numpy.array([[others[1]]], dtype=numpy.object_))
        client.infer("colours", [tensor])
        self.eventually(lambda: len(self.kept()) == 5, "they are not kept")
        self.assertIn("2 pictures deleted", self.graft("capture", "delete", *(
            hashlib.sha256(other).hexdigest() for other in others)).stdout)

        gone = self.kept()[0].picture_id
        self.assertIn("1 picture deleted", self.graft("capture", "delete", gone[:12]).stdout)
        self.assert_fails(CODE.NOT_FOUND, "not kept", self.captures.GetCapturedPicture,
                          capture_pb2.GetCapturedPictureRequest(picture_id=gone))
        self.assertEqual(self.graft("capture", "delete", gone[:12]).returncode, 4)
        self.assertIn("2 pictures deleted", self.graft("capture", "delete", "--all").stdout)
        self.assertEqual([blob for blob in self.blobs() if "captures" in blob], [])
        self.assertEqual(self.metric("graft_capture_bytes"), 0)
        self.assertIn("no policy", self.graft("capture", "set", "--model", "colours", "--off").stdout)
        self.predict("colours", pictures)
        self.predictions.Embed(prediction_pb2.EmbedRequest(
            model="colours", inputs=[{"image": pictures[0]}]), timeout=RPC_SECONDS)
        self.assertEqual(len(self.kept()), 0)

    def test_a_the_request_log_says_what_was_asked(self):
        red = graft_server.picture(graft_server.COLOURS["red"], 79)
        self.predictions.Predict(prediction_pb2.PredictRequest(model="colours", inputs=[{"image": red}]),
                                 metadata=[("x-request-id", "the-one")], timeout=RPC_SECONDS)

        def line():
            for path in self.files("data", "request-log"):
                for text in path.read_text().splitlines():
                    if (logged := json.loads(text))["request"] == "the-one":
                        return logged

        self.eventually(line, "it is not in the log")
        self.assertEqual((line()["method"], line()["code"], line()["bytes"]), ("Predict", "OK", len(red)))
        self.assertEqual(line()["models"][0]["answers"][0]["answer"], "red")

    # --- Bad input ---------------------------------------------------------------------------

    def test_bad_capture_policies(self):
        good = {"max_confidence": 0.5, "retention_days": 1}
        for fields, text in [
                ({"share": float("nan")}, "policy.share"), ({"share": 2}, "policy.share"),
                ({"max_confidence": float("nan")}, "policy.max_confidence"),
                ({"max_confidence": 0}, "policy.max_confidence"),
                ({"retention_days": 0}, "policy.retention_days"),
                ({"retention_days": -1}, "policy.retention_days"),
                ({"retention_days": 2**31 - 1}, "policy.retention_days"),
                ({"max_pictures": -1}, "policy.max_pictures")]:
            self.assert_fails(CODE.INVALID_ARGUMENT, text, self.captures.SetCapturePolicy,
                              capture_pb2.SetCapturePolicyRequest(policy={**good, **fields}))
        self.assert_fails(CODE.NOT_FOUND, "nosuch", self.captures.SetCapturePolicy,
                          capture_pb2.SetCapturePolicyRequest(model="nosuch", policy=good))
        for id in ("", "nosuch", "../graft.db", "A" * 64):
            self.assert_fails(CODE.INVALID_ARGUMENT, "picture_id", self.captures.GetCapturedPicture,
                              capture_pb2.GetCapturedPictureRequest(picture_id=id))
        self.assert_fails(CODE.NOT_FOUND, "not kept", self.captures.GetCapturedPicture,
                          capture_pb2.GetCapturedPictureRequest(picture_id="a" * 64))
        self.assert_fails(CODE.INVALID_ARGUMENT, "page_token", self.kept, page_token="nonsense")
        self.assert_fails(CODE.INVALID_ARGUMENT, "all", self.captures.DeleteCapturedPictures,
                          capture_pb2.DeleteCapturedPicturesRequest())
        shown = self.captures.GetCapturePolicy(capture_pb2.GetCapturePolicyRequest())
        self.assertEqual((shown.allowed, len(shown.policies)), (True, 0))
        self.assertEqual(self.graft("capture", "set", "--unknown").returncode, 2)
        self.assertEqual(self.graft("capture", "delete").returncode, 2)

    def test_bad_predictions(self):
        good = graft_server.picture((225, 45, 35), 1)
        jpeg = graft_server.picture((225, 45, 35), 1, "JPEG")
        bomb = bytearray(good)
        bomb[16:24] = b"\x00\x01\x86\xa0" * 2
        for images, text in [
                ([good, b"not an image"], "inputs[1]"),
                ([jpeg[:len(jpeg) * 2 // 3]], "truncated JPEG"),
                ([good[:len(good) * 2 // 3]], "truncated PNG"),
                ([bytes(bomb)], "100000 x 100000"),
                ([b""], "inputs[0]"),
                ([], "inputs")]:
            self.assert_fails(CODE.INVALID_ARGUMENT, text, self.predict, "colours", images)
        self.assert_fails(CODE.NOT_FOUND, "nosuch", self.predict, "nosuch", [good])
        self.assert_fails(CODE.NOT_FOUND, "99", self.predict, "colours", [good], version=99)
        self.assertEqual(len(self.predict("colours", [good]).outputs), 1)  # the server goes on

    def test_bad_jobs(self):
        for fields, text in [
                ({"learning_rate": float("nan")}, "learning_rate"),
                ({"learning_rate": -1.0}, "learning_rate"),
                ({"epochs": 0}, "epochs"), ({"epochs": 10**9}, "epochs"),
                ({"batch_size": 0}, "batch_size")]:
            self.assert_fails(CODE.INVALID_ARGUMENT, text, self.start, self.dataset_id, "m",
                              **fields)
        self.assert_fails(CODE.NOT_FOUND, "dataset", self.start, "dataset-none", "m")
        self.assert_fails(CODE.INVALID_ARGUMENT, "model", self.start, self.dataset_id, "Bad Name!")
        with self.assertRaises(grpc.RpcError) as caught:
            self.jobs.StartFineTune(finetune_pb2.StartFineTuneRequest(
                spec=finetune_pb2.FineTuneSpec(dataset_id=self.dataset_id, model="m",
                                               task={"classification": {}},
                                               backbone="resnet-9000")))
        self.assertIn(caught.exception.code(), (CODE.NOT_FOUND, CODE.INVALID_ARGUMENT))
        self.assertIn("resnet-9000", caught.exception.details())

    def test_bad_uploads_leave_nothing(self):
        listed = self.datasets.ListDatasets(dataset_pb2.ListDatasetsRequest()).datasets
        before = self.blobs()
        good = graft_server.picture((1, 200, 3), 1)
        for content, text in [
                (b"", "empty"), (b"nonsense" * 100, "archive"),
                (graft_server.archive({"../evil.png": good}), "evil.png"),
                (graft_server.archive({"only/1.png": good}), "only"),
                (graft_server.archive({"a/1.png": b"x", "b/1.png": b"y"}), "a/1.png"),
                (graft_server.archive(graft_server.colour_files(2))[:700], "truncated")]:
            self.assert_fails(CODE.INVALID_ARGUMENT, text, self.upload, content)
        after = self.datasets.ListDatasets(dataset_pb2.ListDatasetsRequest()).datasets
        self.assertEqual([d.id for d in after], [d.id for d in listed])
        self.assertEqual(self.blobs(), before)
        tmp = self.server.folder / "data" / "tmp"
        self.assertEqual([p for p in tmp.rglob("*") if p.is_file()], [])

    def test_client_that_goes_away_in_mid_upload_leaves_nothing(self):
        messages = list(graft_server.upload_parts(
            dataset_pb2, graft_server.archive(graft_server.colour_files(30, salt=9)), 1 << 12))
        before = self.blobs()
        listed = self.datasets.ListDatasets(dataset_pb2.ListDatasetsRequest()).datasets
        hung_up = threading.Event()

        def most_of_it():
            yield from messages[:-3]
            hung_up.wait(RPC_SECONDS)

        call = self.datasets.UploadDataset.future(most_of_it(), timeout=RPC_SECONDS)
        self.eventually(lambda: self.uploading() > 10 * (1 << 12), "nothing arrived")
        call.cancel()
        hung_up.set()
        self.assertEqual(call.code(), CODE.CANCELLED)
        tmp = self.server.folder / "data" / "tmp"
        self.eventually(lambda: not any(p.is_file() for p in tmp.rglob("*")), "files stayed")
        self.assertEqual(self.blobs(), before)
        after = self.datasets.ListDatasets(dataset_pb2.ListDatasetsRequest()).datasets
        self.assertEqual([d.id for d in after], [d.id for d in listed])

    def test_health_and_metrics(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(urllib.request.urlopen(self.server.http + path).status, 200)
        self.assertEqual(self.metric('graft_jobs{state="FAILED"}'), 0)

    def test_reflection_lists_the_services(self):
        call = self.server.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        list_services = b"\x3a\x01*"  # field 7 of the request, a string
        answer = next(iter(call(iter([list_services]), timeout=30)))
        self.assertIn(b"graft.v1.FineTuneService", answer)

    def test_command_line(self):
        self.assertIn("colours", self.graft("models", "list").stdout)
        self.assertIn("confusion", self.graft("models", "show", "colours").stdout)
        self.assertEqual(self.graft("status", "job-none").returncode, 4)
        self.assertEqual(self.graft("predict").returncode, 2)
        image = self.server.folder / "red.png"
        image.write_bytes(graft_server.picture((225, 45, 35), 5))
        self.assertIn("red", self.graft("predict", "colours", str(image)).stdout)
        careful = self.graft("predict", "colours", str(image), "--threshold", "1", "--coverage", "0.8")
        self.assertIn("no answer", careful.stdout)
        self.assertIn("red}", careful.stdout)
        self.assertEqual(self.graft("predict", "colours", str(image), "--coverage", "2").returncode, 2)
        self.assertIn("2 models", self.graft("predict", "colours", str(image), "--also", "colours:1").stdout)
        vectors = self.server.folder / "red.npy"
        self.graft("embed", "colours", str(image), str(image), "--out", str(vectors))
        rows = numpy.load(vectors)
        self.assertEqual((rows.shape[0], rows.dtype), (2, numpy.float32))
        drawn = self.server.folder / "why.png"
        self.assertIn("speaks for blue", self.graft(
            "explain", "colours", str(image), "--of", "blue", "--out", str(drawn)).stdout)
        self.assertTrue(drawn.read_bytes().startswith(b"\x89PNG"))

    def test_zz_stops_cleanly_with_every_running_predict_answered(self):
        request = prediction_pb2.PredictRequest(model="colours", inputs=[
            prediction_pb2.PredictInput(image=graft_server.picture((225, 45, 35), i))
            for i in range(60)])
        for _ in range(100):  # until all are seen under way at one time
            calls = [self.predictions.Predict.future(request, timeout=RPC_SECONDS)
                     for _ in range(4)]
            running = 0
            while running < len(calls) and not all(call.done() for call in calls):
                running = self.metric("graft_rpc_in_flight")
            if running >= len(calls):
                break
        else:
            self.fail("the predictions were never seen running together")
        self.server.ask_to_stop()
        for call in calls:
            self.assertEqual(len(call.result().outputs), 60)
        self.assertEqual(self.server.wait(), 0, self.server.log_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
