"""People: the objects analysis for one class, or OpenCV's own detector where no model file is there."""
