"""The rows of the fault table, in its order."""

from tests.faults.rows.crash_points import CrashPoints
from tests.faults.rows.deadly_frame import DeadlyFrame
from tests.faults.rows.disk_full import DiskFull
from tests.faults.rows.encoder_error import EncoderError
from tests.faults.rows.encoder_hung import EncoderHung
from tests.faults.rows.join_leave import JoinLeave
from tests.faults.rows.kafka_down import KafkaDown
from tests.faults.rows.kill_random import KillRandom
from tests.faults.rows.mongo_down import MongoDown
from tests.faults.rows.posts_cut import PostsCut
from tests.faults.rows.replay import Replay
from tests.faults.rows.s3_down import S3Down
from tests.faults.rows.s3_refuses import S3Refuses
from tests.faults.rows.settings_change import SettingsChange
from tests.faults.rows.upload_cut import UploadCut
from tests.faults.rows.zombie import Zombie
from tests.faults.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    KillRandom(),
    CrashPoints(),
    Zombie(),
    JoinLeave(),
    KafkaDown(),
    S3Down(),
    MongoDown(),
    S3Refuses(),
    UploadCut(),
    DeadlyFrame(),
    Replay(),
    PostsCut(),
    SettingsChange(),
    EncoderError(),
    EncoderHung(),
    DiskFull(),
)
