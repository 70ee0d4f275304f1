"""Figures for Prometheus, right also when several server processes answer under one address.

In that case :func:`share_metrics_between_processes` must have run in their parent: prometheus_client decides
when it is imported where it keeps its values, so nothing else of this package is imported before.
"""
