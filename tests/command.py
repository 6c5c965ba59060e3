"""The `mwaa` command as tests run it, and what it leaves."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MWAA = Path(sys.executable).with_name("mwaa")


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def seen(self) -> str:
        """Both outputs."""
        return self.out + self.err

    @property
    def json(self) -> Any:
        """What --json printed."""
        return json.loads(self.out)
