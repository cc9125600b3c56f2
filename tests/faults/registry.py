"""The rows of the fault table, in its order."""

from collections.abc import Sequence

from tests.faults.rows.clock_back import ClockBack
from tests.faults.rows.crash_points import CrashPoints
from tests.faults.rows.deadly_frame import DeadlyFrame
from tests.faults.rows.disk_full import DiskFull
from tests.faults.rows.encoder_error import EncoderError
from tests.faults.rows.encoder_hung import EncoderHung
from tests.faults.rows.join_leave import JoinLeave
from tests.faults.rows.kafka_cut import KafkaCut
from tests.faults.rows.kafka_down import KafkaDown
from tests.faults.rows.kill_random import KillRandom
from tests.faults.rows.mixture import SEEDS, Mixture
from tests.faults.rows.model_down import ModelDown
from tests.faults.rows.mongo_down import MongoDown
from tests.faults.rows.overload import Overload
from tests.faults.rows.poison import Poison
from tests.faults.rows.posts_cut import PostsCut
from tests.faults.rows.protocol_errors import ProtocolErrors
from tests.faults.rows.replay import Replay
from tests.faults.rows.retention import Retention
from tests.faults.rows.s3_down import S3Down
from tests.faults.rows.s3_refuses import S3Refuses
from tests.faults.rows.settings_change import SettingsChange
from tests.faults.rows.topic_recreated import TopicRecreated
from tests.faults.rows.two_writers import TwoWriters
from tests.faults.rows.upload_cut import UploadCut
from tests.faults.rows.zombie import Zombie
from tests.faults.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    KillRandom(),
    CrashPoints(),
    Zombie(),
    JoinLeave(),
    KafkaCut(),
    KafkaDown(),
    S3Down(),
    MongoDown(),
    ModelDown(),
    S3Refuses(),
    UploadCut(),
    TwoWriters(),
    Poison(),
    DeadlyFrame(),
    Replay(),
    PostsCut(),
    SettingsChange(),
    Overload(),
    EncoderError(),
    EncoderHung(),
    DiskFull(),
    TopicRecreated(),
    Retention(),
    ClockBack(),
    ProtocolErrors(),
    *(Mixture(number) for number in SEEDS),
)


def turns_of(chosen: Sequence[Scenario], seeds: Sequence[int]) -> list[tuple[Scenario, int]]:
    """Who is played with which seed: every row with every seed, a mixture once, for its number already is one."""
    return [
        (scenario, seed)
        for seed in seeds
        for scenario in chosen
        if seed == seeds[0] or not isinstance(scenario, Mixture)
    ]
