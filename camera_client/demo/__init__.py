"""Scenes made at run time: a face that moves, and cars with known plates. None of it is stored in the repository."""

from camera_client.demo.cars import PLATES, CarScene
from camera_client.demo.face import FaceScene
from camera_client.demo.scene import Scene

SCENES: dict[str, type[FaceScene] | type[CarScene]] = {"face": FaceScene, "cars": CarScene}
"""What `demo:NAME` may name."""

__all__ = ["PLATES", "SCENES", "CarScene", "FaceScene", "Scene"]
