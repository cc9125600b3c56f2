"""Tiles the retained log: every offset in exactly one state, per camera and analysis (DESIGN 4 and 6)."""
