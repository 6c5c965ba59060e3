"""Print the options that this Airflow and its providers know, as JSON: section.option."""

from __future__ import annotations

import json

from airflow.configuration import conf

if "celery" not in conf.configuration_description:
    # Before Airflow 3.1 providers have to be asked.
    from airflow.providers_manager import ProvidersManager

    ProvidersManager().initialize_providers_configuration()
described = conf.configuration_description
print(json.dumps(sorted(f"{section}.{option}" for section, one in described.items() for option in one["options"])))
