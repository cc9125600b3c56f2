"""One picture through one analysis."""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2

from common.contracts.picture_call import JPEG, PNG, PictureFound
from consumers.offline import Offline, load_offline
from consumers.pipeline.draw import draw_detections
from consumers.pipeline.media_file import MediaFrame
from consumers.pipeline.still import decode_still

MIN_CONFIDENCE = "min_confidence"
LOADED_MAX = 6
"""Analyses with their options that stay loaded; the one not used for longest goes first."""
QUALITY = 92
_ENDINGS = {JPEG: ".jpg", PNG: ".png"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """`drawn`: the encoded picture with what was found in it, where it was asked for."""

    found: PictureFound
    drawn: bytes | None = field(default=None, repr=False)


class PictureDesk:
    """Models are loaded when they are first asked for. Safe on any thread; how many at once is the server's to say."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards what is loaded; held while loading: nobody loads the same twice
        self._loaded: OrderedDict[str, Offline] = OrderedDict()

    def look(self, analysis: str, options: Mapping[str, Any], data: bytes, draw_as: str | None) -> Looked:
        """`draw_as`: JPEG, PNG or None. Raises NotAPicture, ConfigurationError (analysis, option or model), and
        whatever a model raises."""
        picture = decode_still(data)
        asked = {name: value for name, value in options.items() if name != MIN_CONFIDENCE}
        least = float(options.get(MIN_CONFIDENCE, 0.0))
        offline = self._load(analysis, asked)
        (seen,) = offline.search(None).run([MediaFrame(0, 0.0, True, picture)])
        detections = tuple(one for one in seen.detections if one.score >= least)
        found = PictureFound(
            analysis=analysis,
            width=picture.shape[1],
            height=picture.shape[0],
            model=offline.analyzer.model,
            model_ms=round(seen.model_ms, 2),
            detections=detections,
        )
        if draw_as is None:
            return Looked(found)
        (offline.definition.draw or draw_detections)(picture, detections)
        is_done, encoded = cv2.imencode(_ENDINGS[draw_as], picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not is_done:
            raise RuntimeError("the drawn picture could not be encoded")
        return Looked(found, encoded.tobytes())

    def _load(self, analysis: str, options: Mapping[str, Any]) -> Offline:
        key = json.dumps([analysis, options], sort_keys=True)
        with self._lock:
            known = self._loaded.get(key)
            if known is None:
                _log.info("loading", extra={"analysis": analysis})
                known = self._loaded[key] = load_offline(analysis, options)
            self._loaded.move_to_end(key)
            if len(self._loaded) > LOADED_MAX:
                self._loaded.popitem(last=False)
            return known
