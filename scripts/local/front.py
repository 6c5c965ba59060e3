"""Run the rehearsal's MWAA API and web server: `python -m scripts.local.front <port>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvicorn

from scripts.local import certificate, state
from scripts.local.door import door
from scripts.local.mwaa_api import rehearsed
from scripts.paths import Paths


def main() -> None:
    """Serve the rehearsal that this process belongs to, on loopback."""
    paths = Paths(Path(os.environ[state.MARK]))
    http = door(certificate.context(paths))
    uvicorn.run(rehearsed(paths), host="127.0.0.1", port=int(sys.argv[1]), http=http)


if __name__ == "__main__":
    main()
