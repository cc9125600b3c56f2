"""The agent beside a camera: takes pictures from a source and posts them to the ingest of a lookout server."""
