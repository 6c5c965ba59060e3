"""Releases on S3: planned as data, applied in the order that no parse can trip over, and taken back."""
