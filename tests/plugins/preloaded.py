"""Start Airflow as its processes do, and tell what was loaded before any task, in Airflow's Python."""

import gc
import json
import os
import sys

from airflow import plugins_manager, settings
from airflow.sdk.listener import get_listener_manager

settings.initialize()
before = {name for name in sys.modules if name == "preload" or name.startswith(("cosmos.", "jinja2."))}
made = get_listener_manager.cache_info().currsize
get_listener_manager()
told = {
    "modules": sorted(before),
    "made": made,
    "executed again": get_listener_manager.cache_info().misses - made,
    "frozen": gc.get_freeze_count(),
    "errors": plugins_manager.get_import_errors() if hasattr(plugins_manager, "get_import_errors") else {},
}
os.write(int(sys.argv[1]), json.dumps(told).encode())
