"""Where things lie: the one place that knows the folders of a checkout and of a running system."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VENV = REPOSITORY / ".venv"
REQUIREMENTS = REPOSITORY / "requirements"
NATIVE = REPOSITORY / "infra" / "native"
# The servers' programs: no data, so they outlive `make clean` and are shared by every LOOKOUT_VAR_DIR.
JARS = NATIVE / ".jars"
TOOLS = NATIVE / ".tools"
# Model files are taken out of packages at set-up; a running system with another var folder reads the same ones.
MODELS = REPOSITORY / "var" / "models"
# Fixed names of files inside a var folder that other packages read or write.
DEMO_CAMERAS_FILE = "demo-cameras.json"
FIRST_ADMIN_FILE = "first-admin"


@dataclass(frozen=True)
class VarFolder:
    """The folder of one running system: data, logs, secrets. Nothing in it is shared with another system."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def runtime(self) -> Path:
        """Rendered server settings and process ids: made anew at every start."""
        return self.root / "run"

    @property
    def demo_cameras(self) -> Path:
        return self.root / DEMO_CAMERAS_FILE

    @property
    def first_admin(self) -> Path:
        return self.root / FIRST_ADMIN_FILE

    def create(self) -> None:
        """Make the folders; secrets are readable by the owner only."""
        for folder in (self.root, self.logs, self.data, self.secrets, self.runtime):
            folder.mkdir(parents=True, exist_ok=True)
        self.secrets.chmod(0o700)


def var_folder() -> VarFolder:
    """The var folder named by LOOKOUT_VAR_DIR, else `var` in the checkout."""
    named = os.environ.get("LOOKOUT_VAR_DIR")
    return VarFolder(Path(named).resolve() if named else REPOSITORY / "var")
