"""From the bytes of a JPEG to what the network takes, by OpenCV: the same in every peer."""

import cv2
import numpy as np

cv2.setNumThreads(0)


class Preprocessing:
    """Centre crop or squeeze, and the normalisation, of graft's InputSpec."""

    def __init__(self, spec):
        self.size = (spec["height"], spec["width"])
        self.crop = spec["crop_fraction"]
        self.framing = spec.get("framing", "centre_crop")
        scale = spec["value_range"] / 255
        self.scale = (scale / np.asarray(spec["std"])).astype(np.float32)
        self.shift = (-np.asarray(spec["mean"]) / np.asarray(spec["std"])).astype(np.float32)

    def __call__(self, encoded):
        bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        height, width = self.size
        if self.framing == "squeeze":
            view = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        elif self.framing == "centre_crop":
            factor = max(height, width) / self.crop / min(bgr.shape[:2])
            bgr = cv2.resize(bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            y, x = (bgr.shape[0] - height) // 2, (bgr.shape[1] - width) // 2
            view = bgr[y:y + height, x:x + width]
        else:
            raise SystemExit(f"no framing {self.framing} here")
        rgb = cv2.cvtColor(view, cv2.COLOR_BGR2RGB).astype(np.float32)
        return (rgb * self.scale + self.shift).transpose(2, 0, 1)
