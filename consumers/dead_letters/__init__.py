"""Looking at dead letters and dealing with them: list, show, save the picture, replay, drop."""
