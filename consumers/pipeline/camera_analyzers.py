"""The analyzer of each camera, where its options differ from the service's."""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from common.errors import ConfigurationError
from consumers.pipeline.analysis import AdjustsToCameras, Analyzer

KINDS_MAX = 64
"""Different sets of options that are remembered; making one anew is cheap."""
_log = logging.getLogger(__name__)


class CameraAnalyzers:
    """Safe on any thread. `usual`: of cameras without options of their own."""

    def __init__(self, usual: Analyzer) -> None:
        self._usual = usual
        self._lock = threading.Lock()  # guards the table: any pool thread may be the first to ask
        self._made: OrderedDict[str, Analyzer] = OrderedDict()

    def of(self, options: Mapping[str, Any]) -> Analyzer:
        """A camera's bad options give way to the service's, with a warning: its clip must not be lost for them."""
        usual = self._usual
        if not options or not isinstance(usual, AdjustsToCameras):
            return usual
        key = json.dumps(options, sort_keys=True, default=str)
        with self._lock:
            known = self._made.get(key)
            if known is None:
                known = self._made[key] = _adjusted(usual, options)
                if len(self._made) > KINDS_MAX:
                    self._made.popitem(last=False)
            return known


def _adjusted(usual: AdjustsToCameras, options: Mapping[str, Any]) -> Analyzer:
    try:
        return usual.adjusted(options)
    except ConfigurationError as error:
        _log.warning("a camera's options are not used: %s", error)
        return usual
