"""A small client of the API, for programs and tests: `pip install lookout[api]` brings httpx.

with LookoutClient("http://127.0.0.1:8000", token="lat_...") as lookout:
    for sighting in lookout.sightings(text="M AB 123"):
        print(sighting["text"], sighting["video"])
"""

from common.client.client import LookoutClient
from common.client.problem import ApiProblem

__all__ = ["ApiProblem", "LookoutClient"]
