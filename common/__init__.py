"""Contracts and ports that every service shares. This package imports no service."""
