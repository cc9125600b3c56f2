"""Recorded video: plan, part and join jobs, read by a group of their own at lower priority than live frames."""
