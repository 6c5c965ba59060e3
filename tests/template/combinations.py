"""The projects that are generated in tests: every pair of answers is in at least one."""

from __future__ import annotations

from typing import NamedTuple


class Answers(NamedTuple):
    """One project's answers, besides its name and region."""

    airflow_version: str
    ci_provider: str
    environments: str
    slack: bool
    sample_project: bool
    snowflake_account: str

    @property
    def id(self) -> str:
        """Its name in tests, and the project's."""
        parts = (self.airflow_version.replace(".", ""), self.ci_provider, str(len(self.environments.split(","))))
        return "-".join(
            ("af", *parts, "slack" if self.slack else "quiet", "sample" if self.sample_project else "empty")
        )


TWO, THREE, ONE, LATER, OWN = "staging,prod", "dev,staging,prod", "prod", "later", "acme-analytics"
COMBINATIONS = [
    Answers("3.3.1", "github", TWO, True, True, LATER),
    Answers("3.3.1", "gitlab", THREE, False, False, OWN),
    Answers("3.3.1", "codebuild", TWO, False, True, OWN),
    Answers("3.3.1", "none", ONE, True, False, LATER),
    Answers("3.2.1", "github", THREE, False, False, LATER),
    Answers("3.2.1", "gitlab", TWO, True, True, OWN),
    Answers("3.2.1", "codebuild", THREE, True, False, LATER),
    Answers("3.2.1", "none", ONE, False, True, OWN),
    Answers("3.0.6", "github", TWO, True, False, OWN),
    Answers("3.0.6", "gitlab", THREE, False, True, LATER),
    Answers("3.0.6", "codebuild", TWO, False, False, LATER),
    Answers("3.0.6", "none", ONE, True, True, OWN),
    Answers("2.11.2", "github", THREE, False, True, OWN),
    Answers("2.11.2", "gitlab", TWO, True, False, LATER),
    Answers("2.11.2", "codebuild", THREE, True, True, OWN),
    Answers("2.11.2", "none", ONE, False, False, LATER),
]
