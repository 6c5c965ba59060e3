"""A model in Python."""


def model(dbt, session):  # noqa: ANN001, ANN201, D103
    return dbt.ref("plain")
