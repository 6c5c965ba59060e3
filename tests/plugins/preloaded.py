"""Start Airflow as its processes do, and tell what was loaded before any task, in Airflow's Python."""

import gc
import json
import os
import sys

from airflow import plugins_manager, settings

try:
    from airflow.sdk.listener import get_listener_manager
except ImportError:
    # Before Airflow 3.2.
    from airflow.listeners.listener import get_listener_manager

settings.initialize()
before = {name for name in sys.modules if name == "preload" or name.startswith(("cosmos.", "jinja2."))}
frozen = gc.get_freeze_count()
cached = getattr(get_listener_manager, "cache_info", None)
made = cached().currsize if cached else 0
listening = get_listener_manager().pm.get_plugins()
errors = getattr(plugins_manager, "get_import_errors", lambda: plugins_manager.import_errors)()
loaded = plugins_manager._get_plugins()[0] if hasattr(plugins_manager, "_get_plugins") else plugins_manager.plugins
told = {
    "modules": sorted(before),
    "made": made,
    "executed again": cached().misses - made if cached else 0,
    "frozen": frozen,
    "errors": errors,
    "plugins": [plugin.name for plugin in loaded],
    "listeners": sum(len(plugin.listeners) for plugin in loaded),
    "listening": len(listening),
}
os.write(int(sys.argv[1]), json.dumps(told).encode())
