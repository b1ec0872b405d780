"""``benne --version``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import benne


def test_the_command_says_which_benne_it_is() -> None:
    command = Path(sys.executable).with_name("benne")
    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, f"benne {benne.__version__}\n")
