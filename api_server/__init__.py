"""The API server and its indexer: accounts, cameras, clips, sightings, and the web page (DESIGN 2)."""
