"""Measurements of this project beside the plain tools, in one run on one machine; never tests."""
