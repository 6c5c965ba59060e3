"""The rehearsal's Snowflake alone: `python -m scripts.dev.front PORT`, until its input ends."""

from __future__ import annotations

import os
import sys
import threading

import uvicorn

from scripts.local.outside import app


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Serve on loopback until the input ends: whoever started this is then gone, however it went."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")


if __name__ == "__main__":
    main()
