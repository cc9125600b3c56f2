"""Faces and what they express: faces are found, seven emotions scored, both smoothed over a track."""
