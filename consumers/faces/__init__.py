"""Where faces are: one seam, three detectors, and the choice among those that are there."""
